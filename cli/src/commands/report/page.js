"use strict";
(() => {
  const data = JSON.parse(document.getElementById("rows").textContent);
  const PATH = 7, KEY = 3, STEP = 500;
  const rows = data.rows.map((row) => row.map((cell, at) => (at === PATH ? cell : data.words[cell])));
  const found = rows.map((row) => row.join("\n").toLowerCase());
  const find = document.getElementById("find");
  const need = document.getElementById("need");
  const key = document.getElementById("key");
  const count = document.getElementById("count");
  const more = document.getElementById("more");
  const body = document.querySelector("#findings tbody");
  const heads = [...document.querySelectorAll("#findings th")];
  const ORDER = { yes: 0, possible: 1, no: 2 };
  let order = rows.map((_, at) => at);
  let view = [];
  let shown = 0;

  for (const name of [...new Set(rows.map((row) => row[KEY]))].sort()) {
    if (name) key.append(new Option(name, name));
  }

  function show() {
    const part = document.createDocumentFragment();
    for (const at of view.slice(shown, shown + STEP)) {
      const line = document.createElement("tr");
      rows[at].forEach((text, column) => {
        const cell = document.createElement("td");
        if (column === 0) {
          const pill = document.createElement("span");
          pill.className = "pill " + (text in ORDER ? text : "possible");
          pill.textContent = text;
          cell.append(pill);
        } else {
          cell.textContent = text;
          if (column === PATH) cell.className = "path";
        }
        line.append(cell);
      });
      part.append(line);
    }
    body.append(part);
    shown = Math.min(shown + STEP, view.length);
    more.hidden = shown >= view.length;
    count.textContent = view.length + " of " + rows.length + (shown < view.length ? ", " + shown + " shown" : "");
  }

  function filter() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    view = order.filter((at) =>
      (!need.value || rows[at][0] === need.value) &&
      (!key.value || rows[at][KEY] === key.value) &&
      words.every((word) => found[at].includes(word)));
    body.replaceChildren();
    shown = 0;
    show();
  }

  function sort(column, sign) {
    const rank = (at) => (column === 0 ? ORDER[rows[at][0]] ?? 1 : rows[at][column]);
    order.sort((one, other) => {
      const a = rank(one), b = rank(other);
      return (a < b ? -sign : a > b ? sign : one - other);
    });
  }

  for (const head of heads) {
    const button = head.querySelector("button");
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach((other) => other.setAttribute("aria-sort", "none"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      sort(Number(button.dataset.column), up ? 1 : -1);
      filter();
    });
  }
  let wait = 0;
  find.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(filter, 120); });
  need.addEventListener("change", filter);
  key.addEventListener("change", filter);
  more.addEventListener("click", show);
  filter();
})();
