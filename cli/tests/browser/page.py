#!/usr/bin/env python3
"""Opens a report in headless Chromium: page.py RMSIGHT [FOLDER FOR SCREENSHOTS]

At three widths, light and dark, and on paper: nothing is wider than the window. No errors, no requests to
elsewhere, no text from a file that becomes more than text. Lists filter, sort and export, decisions are saved
and read again. Installs Chromium where `apt-get` can; ends with 77, which means skipped, where it is missing.
"""
import base64
import csv
import io
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib


def find_browser():
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


browser = find_browser()
if not browser and shutil.which("apt-get") and os.geteuid() == 0:
    subprocess.run(["apt-get", "-o", "DPkg::Lock::Timeout=600", "install", "-qq", "-y", "chromium"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    browser = find_browser()
if not browser:
    print("skipped: there is no Chromium (Debian: apt install chromium)")
    sys.exit(77)

program = pathlib.Path(sys.argv[1]).resolve()
pictures = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
corpus = pathlib.Path(__file__).resolve().parents[3] / "corpus"
WIDTHS = (1440, 1024, 390)
HOSTILE = [
    "<img src=x onerror=alert(1)>.xml",
    "--><script>alert(1)<!--.xml",
    "exe\u202efdp.xml",
    "'\"`${alert(1)}&lt;b&gt;.xml",
    "=cmd|calc.xml",
    "a long name without any blank " + "x" * 150 + ".xml",
]
ESTATE = """
[[authority]]
name = "Contoso <AD RMS>"
kind = "ad-rms"
[[authority.key]]
slc_key = "sha256:dc66f72e72e7f547342b6fe46714d3b440869991d8042a3aa009d2010d3dd6e8"
status = "read-only"
since = "2015-05-01"
"""


class Browser:
    """Chromium, spoken to over its debugging pipe: JSON, each message with a NUL at its end."""

    def __init__(self, profile):
        to_read, self.to = os.pipe()
        self.back, from_write = os.pipe()

        def place():
            # Chromium reads from 3 and writes to 4; through high numbers, so that none is lost.
            os.dup2(to_read, 100)
            os.dup2(from_write, 101)
            os.dup2(100, 3)
            os.dup2(101, 4)

        self.process = subprocess.Popen(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=place, close_fds=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.number, self.events, self.rest = 0, [], b""

    def read(self, until):
        while b"\0" not in self.rest:
            if not select.select([self.back], [], [], max(0, until - time.time()))[0]:
                return None
            self.rest += os.read(self.back, 1 << 20)
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        until = time.time() + 60
        while answer := self.read(until):
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)
        raise TimeoutError(method)


def run(folder, *args):
    done = subprocess.run([program, *args], cwd=folder, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        share = folder / "share" / "Finance" / "<b>2024"
        share.mkdir(parents=True)
        shutil.copytree(corpus, folder / "share" / "corpus")
        license = (corpus / "rules" / "r08-ad-rms.xml").read_bytes()
        for name in HOSTILE:
            (share / name).write_bytes(license)
        for number in range(300):
            copies = folder / "share" / "Copies" / f"{number % 7} of seven"
            copies.mkdir(parents=True, exist_ok=True)
            (copies / f"{number:04}.xml").write_bytes(license)
        (folder / "estate.toml").write_text(ESTATE)
        run(folder, "scan", "--quiet", "--verify", "-i", "earlier.db", "share/corpus")
        run(folder, "scan", "--quiet", "--verify", "-i", "i.db", "--exclude", "0007.xml", "share")
        page = folder / "report.html"
        report = ["report", "i.db", "--estate", "estate.toml", "--since", "earlier.db", "-o", "report.html"]
        run(folder, *report)
        if pictures:
            pictures.mkdir(parents=True, exist_ok=True)
            shutil.copy(page, pictures)
        chromium = Browser(folder / "profile")
        try:
            view = View(chromium, folder / "downloads")
            view.open(page)
            check_text(view)
            check_lists(view)
            check_layout(view)
            decisions = check_decisions(view)
            check_events(chromium, page)
            # What the page saved is read again, and counts.
            (folder / "decisions.toml").write_bytes(decisions)
            saved = tomllib.loads(decisions.decode())
            assert saved["accepted"][0]["by"] == 'Ada "A" Lovelace', saved
            assert saved["answered"][0]["check"] == "cluster-sharepoint", saved
            report += ["--decisions", "decisions.toml"]
            run(folder, *report)
            chromium.events.clear()
            view.open(page)
            assert view.js("document.querySelector('#sign-off').textContent.includes('the copies are in the archive')")
            assert view.js("document.querySelector('[data-check=cluster-sharepoint] .done').checked")
            assert view.js("!document.querySelector('.decide[data-code=excluded]')"), "the gap is still open"
            check_events(chromium, page)
        finally:
            chromium.process.terminate()
            chromium.process.wait()
    print("the page is well")


class View:
    """A window of the browser."""

    def __init__(self, chromium, downloads):
        self.chromium, self.downloads = chromium, downloads
        target = chromium.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = chromium.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        downloads.mkdir()
        chromium.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        self.resize(1440)

    def call(self, method, **params):
        return self.chromium.call(method, self.session, **params)

    def resize(self, width):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    def open(self, page):
        self.call("Page.navigate", url=page.as_uri())
        until = time.time() + 60
        while not any(event["method"] == "Page.loadEventFired" for event in self.chromium.events):
            event = self.chromium.read(until)
            assert event, "the page does not load"
            self.chromium.events.append(event)

    def js(self, text):
        result = self.call("Runtime.evaluate", expression=text, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def picture(self, name):
        """Takes a picture of the start of each section, as long as a person can read it."""
        if not pictures:
            return
        places = self.js("[...document.querySelectorAll('header, section')].map(one => {"
                         "const box = one.getBoundingClientRect();"
                         "return [one.id, box.top + scrollY, box.height]})")
        width = self.call("Page.getLayoutMetrics")["cssContentSize"]["width"]
        for part, top, height in places:
            picture = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip={
                "x": 0, "y": max(0, top - 20), "width": width, "height": min(1500, height + 40), "scale": 1})
            (pictures / f"{name}-{part}.png").write_bytes(base64.b64decode(picture["data"]))

    def downloaded(self, name):
        file = self.downloads / name
        until = time.time() + 30
        while not file.exists() or list(self.downloads.glob("*.crdownload")):
            assert time.time() < until, f"{name} was not saved"
            self.js("new Promise(done => setTimeout(done, 50))")
        data = file.read_bytes()
        file.unlink()
        return data


def check_text(view):
    """Text from files is text, and links lead to sections of the page."""
    assert view.js("document.querySelectorAll('img, iframe, object').length") == 0
    assert view.js("document.querySelectorAll('script').length") == 2
    assert view.js("document.querySelector('#keys').textContent.includes('Contoso <AD RMS>')")
    lost = view.js("[...document.querySelectorAll('a')].filter(a => !document.getElementById(a.hash.slice(1))).length")
    assert lost == 0, "a link without a section"
    assert view.js("document.querySelectorAll('nav a').length") > 12
    text = view.js("document.body.textContent")
    assert "\u202e" not in text and "exe\\u{202e}fdp" in text


def check_lists(view):
    cells = "[...document.querySelectorAll('#%s tbody tr')].map(row => row.querySelector('.%s').textContent)"

    def column(name, list_id="findings"):
        return view.js(cells % (list_id, name))

    def show_all():
        while not view.js("document.querySelector('#findings .more').hidden"):
            view.js("document.querySelector('#findings .more').click()")

    heads = view.js("[...document.querySelectorAll('#findings thead th')].map(head => head.textContent)")
    assert heads[:2] == ["Need", "Path"], heads
    assert len(column("path")) == 200, "the first part"
    show_all()
    every = column("path")
    assert len(every) > 300, len(every)
    shown = "\n".join(every)
    assert "<img src=x onerror=alert(1)>" in shown and "--><script>alert(1)<!--" in shown

    # Sorted up, then down.
    def sort():
        view.js("document.querySelector('#findings th.path button').click()")
        show_all()
        return column("path")
    def order(text):
        return text.encode("utf-16-be")
    assert sort() == sorted(every, key=order), "sorting"
    assert sort() == sorted(every, key=order, reverse=True)

    # Filtered by words, then by need.
    def find(text):
        view.js("{const find = document.querySelector('#findings .find'); find.value = %s;"
                "find.dispatchEvent(new Event('input'))}; new Promise(done => setTimeout(done, 400))" % json.dumps(text))
    find("finance onerror")
    found = column("path")
    assert len(found) == 1 and "onerror" in found[0], found
    find("")

    def choose(name, value, list_id="findings"):
        view.js("{const choice = document.querySelector('#%s select[data-column=%s]'); choice.value = %s;"
                "choice.dispatchEvent(new Event('change'))}" % (list_id, name, json.dumps(value)))
    choose("need", "yes")
    assert set(column("need")) == {"yes"}
    view.js("document.querySelector('#findings .csv').click()")
    rows = list(csv.reader(io.StringIO(view.downloaded("findings.csv").decode("utf-8-sig"))))
    assert rows[0][:2] == ["need", "path"], rows[0]
    count = view.js("document.querySelector('#findings .count').textContent")
    assert len(rows) - 1 == int(count.split()[0].replace(",", "")), count
    assert all(row[0] == "yes" for row in rows[1:])
    choose("need", "\0")

    # What was not read: by error.
    codes = set(column("text", "unread"))
    assert len(codes) > 3, codes
    choose("error_code", sorted(codes)[0], "unread")
    assert set(column("text", "unread")) == {sorted(codes)[0]}
    choose("error_code", "\0", "unread")


def check_layout(view):
    """Nothing is wider than the window."""
    wide = """[...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1
        && !one.closest('.scroll, .group, pre')).map(one => one.tagName + '#' + one.id + '.' + one.className).slice(0, 5)"""
    for scheme in ("light", "dark"):
        view.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        for width in WIDTHS:
            view.resize(width)
            size = view.call("Page.getLayoutMetrics")["cssContentSize"]
            assert size["width"] <= width, (scheme, width, size, view.js(wide))
            assert view.js(wide) == [], (scheme, width, view.js(wide))
            path = view.js("document.querySelector('#findings tbody .path').getBoundingClientRect().width")
            assert path > (300 if width > 400 else 250), (width, path)
            view.picture(f"{scheme}-{width}")
    view.resize(1440)
    view.call("Emulation.setEmulatedMedia", media="print", features=[])
    printed = base64.b64decode(view.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert printed.startswith(b"%PDF")
    if pictures:
        (pictures / "print.pdf").write_bytes(printed)
    view.call("Emulation.setEmulatedMedia", media="", features=[])


def check_decisions(view):
    view.js("document.querySelector('.decide[data-code=excluded] .accept').click()")
    assert not view.js("document.querySelector('.decide[data-code=excluded] .fields').hidden")
    view.js("document.querySelector('#save').click()")
    assert "Not saved: 1 ticked box" in view.js("document.querySelector('#save-result').textContent")

    def fill(place, field, text):
        view.js("{const input = document.querySelector(%s); input.value = %s; input.dispatchEvent(new Event('input'));"
                "input.dispatchEvent(new Event('change'))}" % (json.dumps(f"{place} .{field}"), json.dumps(text)))
    fill(".decide[data-code=excluded]", "by", 'Ada "A" Lovelace')
    fill(".decide[data-code=excluded]", "reason", "the copies are in the archive")
    view.js("document.querySelector('[data-check=cluster-sharepoint] .done').click()")
    assert view.js("document.querySelector('[data-check=cluster-sharepoint] .by').value") == 'Ada "A" Lovelace'
    view.js("document.querySelector('#save').click()")
    return view.downloaded("decisions.toml")


def check_events(chromium, page):
    """Nothing was said, nothing was asked for. What was asked of the page itself is one file."""
    for event in chromium.events:
        method, params = event["method"], event.get("params", {})
        assert method not in ("Runtime.exceptionThrown", "Page.javascriptDialogOpening"), event
        assert method != "Runtime.consoleAPICalled", event
        if method == "Log.entryAdded":
            assert params["entry"]["level"] not in ("error", "warning"), event
        if method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            assert url == page.as_uri() or url.startswith("blob:"), url


main()
