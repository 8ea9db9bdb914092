#!/usr/bin/env python3
"""Opens a report in headless Chromium: page.py RMSIGHT [FOLDER FOR SCREENSHOTS]

No errors, no requests to elsewhere, no text from a file that becomes more than text; the list
filters and sorts. Ends with 77, which means skipped, where Chromium is missing.
"""
import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if not browser:
    print("skipped: there is no Chromium (Debian: apt install chromium)")
    sys.exit(77)

program = pathlib.Path(sys.argv[1]).resolve()
pictures = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
corpus = pathlib.Path(__file__).resolve().parents[3] / "corpus"
HOSTILE = [
    "<img src=x onerror=alert(1)>.xml",
    "--><script>alert(1)<!--.xml",
    "exe\u202efdp.xml",
    "'\"`${alert(1)}&lt;b&gt;.xml",
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
            [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
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


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        share = folder / "share" / "Finance" / "<b>2024"
        share.mkdir(parents=True)
        shutil.copytree(corpus, folder / "share" / "corpus")
        license = (corpus / "rules" / "r08-ad-rms.xml").read_bytes()
        for name in HOSTILE:
            (share / name).write_bytes(license)
        (folder / "estate.toml").write_text(ESTATE)
        page = folder / "report.html"
        for args in (["scan", "--quiet", "--verify", "-i", "i.db", "share"],
                     ["report", "i.db", "--estate", "estate.toml", "-o", "report.html"]):
            done = subprocess.run([program, *args], cwd=folder, capture_output=True, text=True)
            assert done.returncode in (0, 1), done.stderr
        if pictures:
            pictures.mkdir(parents=True, exist_ok=True)
            shutil.copy(page, pictures)
        chromium = Browser(folder / "profile")
        try:
            check(chromium, page)
        finally:
            chromium.process.terminate()
            chromium.process.wait()
    print("the page is well")


def check(chromium, page):
    target = chromium.call("Target.createTarget", url="about:blank")["targetId"]
    session = chromium.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Network", "Runtime", "Log"):
        chromium.call(f"{domain}.enable", session)
    chromium.call("Emulation.setDeviceMetricsOverride", session, width=1280, height=900,
                  deviceScaleFactor=1, mobile=False)
    chromium.call("Page.navigate", session, url=page.as_uri())
    until = time.time() + 60
    while not any(event["method"] == "Page.loadEventFired" for event in chromium.events):
        event = chromium.read(until)
        assert event, "the page does not load"
        chromium.events.append(event)

    def js(text):
        result = chromium.call("Runtime.evaluate", session, expression=text, returnByValue=True,
                               awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    cells = "[...document.querySelectorAll('#findings tbody tr')].map(r=>r.cells[%d].textContent)"
    every = js(cells % 7)
    assert len(every) > 50, len(every)
    shown = "\n".join(every)
    assert "<img src=x onerror=alert(1)>" in shown and "--><script>alert(1)<!--" in shown
    assert "\u202e" not in shown and "exe\\u{202e}fdp" in shown
    assert js("document.querySelectorAll('img, iframe, object, b:not(.tile b):not(dd b)').length") == 0
    assert js("document.querySelectorAll('script').length") == 2
    assert js("document.querySelector('#keys').textContent.includes('Contoso <AD RMS>')")

    # Sorted up, then down.
    js("document.querySelector('#findings th:nth-child(8) button').click()")
    up = js(cells % 7)
    js("document.querySelector('#findings th:nth-child(8) button').click()")
    down = js(cells % 7)
    assert up == sorted(every, key=lambda text: text.encode("utf-16-be")), "sorting"
    assert down == sorted(every, key=lambda text: text.encode("utf-16-be"), reverse=True)

    # Filtered by a word, then by need.
    js("{const find=document.getElementById('find'); find.value='finance onerror'; find.dispatchEvent(new Event('input'))};"
       "new Promise(done => setTimeout(done, 400))")
    found = js(cells % 7)
    assert len(found) == 1 and "onerror" in found[0], found
    js("{const find=document.getElementById('find'); find.value=''; find.dispatchEvent(new Event('input'))}; need.value='yes';"
       "need.dispatchEvent(new Event('change')); new Promise(done => setTimeout(done, 400))")
    needs = set(js(cells % 0))
    assert needs == {"yes"}, needs
    js("need.value=''; need.dispatchEvent(new Event('change'))")

    if pictures:
        for name, scheme in (("light", "light"), ("dark", "dark")):
            chromium.call("Emulation.setEmulatedMedia", session,
                          features=[{"name": "prefers-color-scheme", "value": scheme}])
            size = chromium.call("Page.getLayoutMetrics", session)["cssContentSize"]
            assert size["width"] <= 1280, size
            picture = chromium.call("Page.captureScreenshot", session, captureBeyondViewport=True,
                                    clip={"x": 0, "y": 0, "width": 1280, "height": size["height"], "scale": 0.75})
            (pictures / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))
        chromium.call("Emulation.setEmulatedMedia", session, media="print", features=[])
        printed = chromium.call("Page.printToPDF", session)["data"]
        (pictures / "print.pdf").write_bytes(base64.b64decode(printed))

    # Nothing was said, nothing was asked for. What was asked of the page itself is one file.
    for event in chromium.events:
        method, params = event["method"], event.get("params", {})
        assert method not in ("Runtime.exceptionThrown", "Page.javascriptDialogOpening"), event
        assert method != "Runtime.consoleAPICalled", event
        if method == "Log.entryAdded":
            assert params["entry"]["level"] not in ("error", "warning"), event
        if method == "Network.requestWillBeSent":
            assert params["request"]["url"] == page.as_uri(), params["request"]["url"]


main()
