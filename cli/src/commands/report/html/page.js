"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const STEP = 200;
  const ORDER = { yes: 0, possible: 1, no: 2 };
  const format = (number) => number.toLocaleString("en-US");

  // Saves text as a file. Nothing leaves the computer.
  function save(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  // Adds a path that breaks after separators.
  function addPath(cell, text) {
    for (const part of text.split(/(?<=[/\\])/)) cell.append(part, document.createElement("wbr"));
  }

  function list(id) {
    const place = document.getElementById(id);
    const source = data.lists[id];
    if (!place || !source) return;
    const columns = source.columns;
    const rows = source.rows.map((row) =>
      row.map((cell, at) => (columns[at].shared ? data.words[cell] : cell)));
    const texts = rows.map((row) => row.join("\n").toLowerCase());
    // Columns without a value take no room.
    const used = columns.map((_, at) => at).filter((at) => rows.some((row) => row[at] !== "" && row[at] !== null));
    const find = place.querySelector(".find");
    const count = place.querySelector(".count");
    const more = place.querySelector(".more");
    const head = place.querySelector("thead");
    const body = place.querySelector("tbody");
    const choices = [];
    let order = rows.map((_, at) => at);
    let view = [];
    let shown = 0;

    const line = document.createElement("tr");
    for (const at of used) {
      const cell = document.createElement("th");
      const button = document.createElement("button");
      cell.setAttribute("aria-sort", "none");
      cell.className = columns[at].kind;
      button.type = "button";
      button.textContent = columns[at].title;
      button.title = columns[at].tip;
      button.addEventListener("click", () => {
        const up = cell.getAttribute("aria-sort") !== "ascending";
        for (const other of line.cells) other.setAttribute("aria-sort", "none");
        cell.setAttribute("aria-sort", up ? "ascending" : "descending");
        sort(at, up ? 1 : -1);
        filter();
      });
      cell.append(button);
      line.append(cell);
    }
    head.append(line);

    for (const at of used.filter((at) => columns[at].filter)) {
      const values = new Map();
      for (const row of rows) values.set(row[at], (values.get(row[at]) || 0) + 1);
      if (values.size < 2) continue;
      const label = document.createElement("label");
      const select = document.createElement("select");
      select.dataset.column = columns[at].name;
      select.append(new Option("all", "\u0000"));
      const rank = (value) => (columns[at].kind === "need" ? ORDER[value] : value);
      const names = [...values.keys()].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
      for (const name of names.slice(0, 1000)) {
        select.append(new Option((name || "(none)") + " (" + format(values.get(name)) + ")", name));
      }
      select.addEventListener("change", filter);
      label.append(columns[at].title + " ", select);
      place.querySelector(".choices").append(label);
      choices.push([at, select]);
    }

    function show() {
      const part = document.createDocumentFragment();
      for (const row of view.slice(shown, shown + STEP)) {
        const line = document.createElement("tr");
        for (const at of used) {
          const value = rows[row][at];
          const { kind, title } = columns[at];
          const cell = document.createElement("td");
          cell.className = kind;
          cell.dataset.label = title;
          if (kind === "need") {
            const pill = document.createElement("span");
            pill.className = "pill " + (value in ORDER ? value : "possible");
            pill.textContent = value;
            cell.append(pill);
          } else if (kind === "path") {
            addPath(cell, value);
          } else if (kind === "number") {
            cell.textContent = value === null ? "" : format(value);
          } else {
            cell.textContent = value;
          }
          if (cell.textContent === "") cell.classList.add("empty");
          line.append(cell);
        }
        part.append(line);
      }
      body.append(part);
      shown = Math.min(shown + STEP, view.length);
      more.hidden = shown >= view.length;
      count.textContent = format(view.length) + " of " + format(rows.length) +
        (shown < view.length ? ", " + format(shown) + " shown" : "");
    }

    function filter() {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      view = order.filter((row) =>
        choices.every(([at, select]) => select.value === "\u0000" || rows[row][at] === select.value) &&
        words.every((word) => texts[row].includes(word)));
      body.replaceChildren();
      shown = 0;
      show();
    }

    function sort(at, sign) {
      const kind = columns[at].kind;
      const rank = (row) => {
        const value = rows[row][at];
        return kind === "need" ? ORDER[value] ?? 1 : value === null ? -1 : value;
      };
      order.sort((one, other) => {
        const a = rank(one), b = rank(other);
        return a < b ? -sign : a > b ? sign : one - other;
      });
    }

    // A cell that a spreadsheet would read as a formula begins with an apostrophe.
    function csvCell(value) {
      let text = value === null ? "" : String(value);
      if (/^[=+\-@\t\r]/.test(text)) text = "'" + text;
      return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
    }

    place.querySelector(".csv").addEventListener("click", () => {
      const lines = [columns.map((column) => column.name), ...view.map((row) => rows[row])];
      const text = lines.map((cells) => cells.map(csvCell).join(",") + "\r\n").join("");
      save(id + ".csv", "text/csv;charset=utf-8", "\ufeff" + text);
    });
    let wait = 0;
    find.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(filter, 120); });
    more.addEventListener("click", show);
    filter();
  }

  list("findings");
  list("unread");

  // Decisions: the fields of a box are shown when it is ticked. A name is typed once.
  const boxes = [...document.querySelectorAll(".decide")];
  const checks = [...document.querySelectorAll(".check")];
  let person = "";
  for (const place of [...boxes, ...checks]) {
    const box = place.querySelector("input[type=checkbox]");
    const fields = place.querySelector(".fields");
    const by = place.querySelector(".by");
    box.addEventListener("change", () => {
      if (place.classList.contains("decide")) fields.hidden = !box.checked;
      if (box.checked && !by.value) by.value = person;
      delete place.dataset.on;
    });
    by.addEventListener("change", () => { person = by.value.trim(); });
    for (const field of fields.querySelectorAll("input")) {
      field.addEventListener("input", () => { delete place.dataset.on; });
    }
  }

  const quoted = (text) =>
    JSON.stringify(text.isWellFormed && !text.isWellFormed() ? text.toWellFormed() : text).replaceAll("\u007f", "\\u007f");
  const table = (name, fields) =>
    "[[" + name + "]]\n" + fields.filter(([, value]) => value).map(([field, value]) => field + " = " + quoted(value) + "\n").join("") + "\n";

  const button = document.getElementById("save");
  if (button) button.addEventListener("click", () => {
    const today = new Date().toISOString().slice(0, 10);
    const result = document.getElementById("save-result");
    const missing = [];
    let text = "# Decisions about gaps, and answers to checks. `rmsight report --decisions` and `rmsight check\n# --decisions` read them.\n\n";
    let accepted = 0, answered = 0;
    for (const one of data.accepted) {
      text += table("accepted", Object.entries(one));
      accepted++;
    }
    for (const place of boxes.filter((place) => place.querySelector(".accept").checked)) {
      const value = (name) => place.querySelector("." + name).value.trim();
      if (!value("by") || !value("reason") || !value("below")) { missing.push(place); continue; }
      text += table("accepted", [["code", place.dataset.code], ["path", value("below")], ["by", value("by")],
        ["on", today], ["reason", value("reason")], ["ticket", value("ticket")], ["until", value("until")]]);
      accepted++;
    }
    for (const place of checks.filter((place) => place.querySelector(".done").checked)) {
      const value = (name) => place.querySelector("." + name).value.trim();
      if (!value("by")) { missing.push(place); continue; }
      text += table("answered", [["check", place.dataset.check], ["key", place.dataset.key], ["by", value("by")],
        ["on", place.dataset.on || today], ["note", value("note")]]);
      answered++;
    }
    for (const place of [...boxes, ...checks]) place.classList.toggle("missing", missing.includes(place));
    result.hidden = false;
    if (missing.length) {
      result.textContent = "Not saved: " + missing.length + " ticked " + (missing.length === 1 ? "box has" : "boxes have") +
        " no name, or an accepted gap has no reason or path. They are marked.";
      missing[0].scrollIntoView({ block: "center" });
      return;
    }
    save("decisions.toml", "application/toml", text);
    result.textContent = "Saved: " + accepted + " accepted, " + answered + " answered.";
  });

  // Everything is visible on paper.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((one) => { one.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((one) => { one.open = false; }));
})();
