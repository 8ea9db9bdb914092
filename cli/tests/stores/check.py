#!/usr/bin/env python3
"""Scans of real servers of object stores: check.py RMSIGHT TREE_MAKER [OBJECTS]

Starts Azurite (npm) and the server of moto (PyPI) on this computer, fills them with OBJECTS objects (10,000)
that TREE_MAKER, the example `make_tree` of rmsight-specimen, writes, and scans them with the program RMSIGHT.
One object in fifty is larger than 600 KB.
A proxy between them refuses, stalls, truncates, and changes objects after they were listed. Ends with 1 if an
expectation is not met, and with 77, which means skipped, if a server cannot be installed.

RMSIGHT_SERVERS names a folder where the servers are installed, or will be.
"""
import base64
import collections
import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zipfile

AZURITE = "azurite@3.35.0"
MOTO = "moto[server]"
MOST_REQUESTS = 1.3  # an object

# The published account of the emulator.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
SECRET = "sig-of-nobody-9f2c"


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def install(folder):
    """Installs both servers. Returns their programs."""
    azurite = folder / "node_modules/.bin/azurite-blob"
    moto = folder / "venv/bin/moto_server"
    try:
        if not azurite.exists():
            subprocess.run(["npm", "install", "--silent", "--prefix", folder, AZURITE], check=True, timeout=600)
        if not moto.exists():
            subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
            subprocess.run([folder / "venv/bin/pip", "install", "--quiet", MOTO], check=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        skip(f"a server cannot be installed: {error}")
    return azurite, moto


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(port, process):
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"a server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("a server does not answer")


def exchange(local, port, method, target, body, headers):
    """Sends a request on the connection of this thread, or on a new one if the server has closed it."""
    for attempt in range(3):
        client = getattr(local, "client", None)
        if client is None:
            client = local.client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            client.request(method, target, body=body, headers=headers)
            answer = client.getresponse()
            return answer, answer.read()
        except (OSError, http.client.HTTPException):
            client.close()
            local.client = None
            if attempt == 2:
                raise


class Azure:
    """Requests to Azurite, signed with the key of the account."""

    def __init__(self, port):
        self.port = port
        self.local = threading.local()

    def send(self, method, path, query=(), headers=(), body=b""):
        headers = dict(headers)
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
        headers |= {"x-ms-date": now, "x-ms-version": "2021-12-02"}
        named = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-ms-"))
        resource = f"/{ACCOUNT}{path}" + "".join(f"\n{name}:{value}" for name, value in sorted(query))
        length = str(len(body)) if body else ""
        text = f"{method}\n\n\n{length}\n\n\n\n\n\n\n\n\n{named}{resource}"
        digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
        headers["Content-Length"] = str(len(body))
        target = path + ("?" + urllib.parse.urlencode(list(query)) if query else "")
        answer, content = exchange(self.local, self.port, method, target, body, headers)
        if answer.status >= 300:
            sys.exit(f"{method} {path}: {answer.status} {content[:300]}")

    def create(self, container):
        self.send("PUT", f"/{ACCOUNT}/{container}", [("restype", "container")])

    def put(self, container, key, body, tier=None):
        headers = {"x-ms-blob-type": "BlockBlob"}
        if tier:
            headers["x-ms-access-tier"] = tier
        self.send("PUT", f"/{ACCOUNT}/{container}/{urllib.parse.quote(key)}", (), headers, body)

    def delete(self, container, key):
        self.send("DELETE", f"/{ACCOUNT}/{container}/{urllib.parse.quote(key)}")


class Hostile(http.server.ThreadingHTTPServer):
    """A proxy that fails a part of the requests, in a way that passes."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, upstream, change=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = upstream
        self.change = change or (lambda target: None)
        self.faults = collections.Counter()
        self.random = random.Random(7)
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def fault(self):
        with self.lock:
            fault = self.random.choices(
                ["none", "503", "429", "500", "truncate", "close", "stall"], [70, 10, 8, 4, 4, 3.8, 0.2]
            )[0]
            self.faults[fault] += 1
            return fault

    def handle_error(self, request, address):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        is_listing = "comp=list" in self.path or "list-type=2" in self.path
        fault = self.server.fault()
        if fault in ("503", "429", "500"):
            body = b"<Error><Code>SlowDown</Code></Error>"
            self.send_response(int(fault))
            self.send_header("Content-Length", str(len(body)))
            if fault == "429":
                self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(body)
            return
        if fault == "close":
            self.close_connection = True
            return
        if not is_listing:
            self.server.change(self.path)
        client = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection",)}
        client.request("GET", self.path, headers=headers)
        answer = client.getresponse()
        body = answer.read()
        client.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault in ("truncate", "stall") and body:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            if fault == "stall":
                time.sleep(40)
            self.close_connection = True
            return
        self.wfile.write(body)


class Check:
    def __init__(self, program, room):
        self.program = program
        self.room = room
        self.failures = []

    def expect(self, truth, words):
        print(("ok    " if truth else "FAILED") + f" {words}", flush=True)
        if not truth:
            self.failures.append(words)

    def scan(self, *arguments, environment=None, may_be=(0, 1)):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "AWS_", "RMSIGHT"))}
        env |= environment or {}
        begin = time.perf_counter()
        done = subprocess.run(
            [self.program, "scan", "--quiet", *map(str, arguments)], env=env, capture_output=True, cwd=self.room
        )
        self.seconds = time.perf_counter() - begin
        self.words = done.stdout.decode() + done.stderr.decode()
        if done.returncode not in may_be:
            self.expect(False, f"scan {arguments} ended with {done.returncode}: {self.words[-2000:]}")
        return self.words

    def rows(self, inventory):
        """The rows of an inventory: path, outcome, size, tag, tier, facts."""
        with sqlite3.connect(f"file:{inventory}?mode=ro", uri=True) as db:
            files = db.execute(
                "SELECT CAST(dirs.path AS TEXT) || CAST(files.name AS TEXT), files.outcome, files.size, files.etag, "
                "files.tier, files.id, files.scan FROM files JOIN dirs ON dirs.id = files.dir "
                "WHERE files.gone IS NULL AND length(files.name) > 0"
            ).fetchall()
            facts = collections.defaultdict(list)
            for row in db.execute("SELECT * FROM findings ORDER BY file, nr"):
                facts[row[0]].append(row[1:])
        return {row[0]: (row[1:5], tuple(facts[row[5]]), row[6]) for row in files}, len(files)


def add_large(tree, count):
    """Adds large files: archives, media, and data of no known format."""
    folder = tree / "large"
    folder.mkdir()
    source = random.Random(5)
    for number in range(count):
        content = source.randbytes(source.randrange(600_000, 3_000_000))
        kind = ("zip", "jpg", "bin")[number % 3]
        file = folder / f"{number:05}.{kind}"
        if kind == "zip":
            with zipfile.ZipFile(file, "w") as archive:
                for part in range(3):
                    archive.writestr(f"photos/{part}.jpg", content[part::3])
        else:
            file.write_bytes((b"\xff\xd8\xff\xe0" if kind == "jpg" else b"\x00\x01") + content)


def requests(words):
    """The number of requests in the summary of a scan."""
    return int(re.search(r" ([\d,]+) requests? with", words)[1].replace(",", ""))


def upload(files, put):
    """Uploads files with a few threads."""
    waiting = list(files)
    failed = []

    def work():
        while waiting and not failed:
            try:
                key, file = waiting.pop()
            except IndexError:
                return
            try:
                put(key, file.read_bytes())
            except BaseException as error:  # SystemExit too
                failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit(f"upload: {failed[0]}")


def azure(check, azurite, tree, files):
    port = free_port()
    log = open(check.room / "azurite.log", "wb")
    command = [azurite, "--inMemoryPersistence", "--skipApiVersionCheck", "--blobHost", "127.0.0.1", "--blobPort"]
    server = subprocess.Popen([*map(str, command), str(port), "--disableTelemetry"], stdout=log, stderr=log, cwd=check.room)
    try:
        wait_for(port, server)
        client = Azure(port)
        client.create("box")
        begin = time.perf_counter()
        upload(files.items(), lambda key, body: client.put("box", key, body))
        print(f"uploaded {len(files)} objects to Azurite in {time.perf_counter() - begin:.0f} s", flush=True)
        of_azure(check, client, port, tree, files)
    finally:
        server.terminate()
        server.wait()


def settings(port):
    return {
        "AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{port}/{ACCOUNT}",
        "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": KEY,
    }


def same_facts(check, rows, local, root, tree, words):
    differ = [
        path
        for path, (_, facts, _) in rows.items()
        if facts != local.get(f"{tree}/{urllib.parse.unquote(path[len(root) + 1:])}", (None, None))[1]
    ]
    check.expect(not differ, f"{words}: facts are those of the files{': ' + differ[0] if differ else ''}")


def of_azure(check, client, port, tree, files):
    root = f"az://{ACCOUNT}/box"
    env = settings(port)
    local = check.room / "local.db"
    check.scan(tree, "-i", local)
    local, _ = check.rows(local)

    check.scan("--plan", root, environment=env)
    check.expect(f" {len(files):,} with" in check.words and "requests" in check.words, "--plan counts the objects")
    print(check.words)

    inventory = check.room / "azure.db"
    words = check.scan(root, "-i", inventory, environment=env)
    rows, count = check.rows(inventory)
    sent = requests(words)
    rate = sent / len(files)
    print(f"{sent} requests, {rate:.3f} an object; {check.seconds:.1f} s")
    print(words.splitlines()[0])
    check.expect(rate <= MOST_REQUESTS, f"at most {MOST_REQUESTS} requests an object")
    check.expect(count == len(rows) == len(files), "every object is a row, none is two")
    odd = {path: row[0] for path, row in rows.items() if not (row[0][0] == "read" and row[0][2] and row[0][3])}
    check.expect(not odd, f"every row was read, and has tag and tier {dict(list(odd.items())[:3]) or ''}".rstrip())
    same_facts(check, rows, local, root, tree, "Azurite")

    words = check.scan(root, "-i", inventory, environment=env)
    check.expect(requests(words) < 20, f"a rescan reads nothing ({requests(words)} requests)")

    # Changed, new, gone, in an archive tier, and keys that are no ordinary paths.
    names = sorted(files)
    changed = files[names[0]].read_bytes() + b"\n"
    client.put("box", names[0], changed)
    client.delete("box", names[1])
    client.put("box", "archived.docx", b"x" * 5000, "Archive")
    client.put("box", "empty.docx", b"")
    client.put("box", "odd/ä #1 100%.txt", b"text")
    words = check.scan(root, "-i", inventory, environment=env)
    rows, _ = check.rows(inventory)
    check.expect(f"{root}/{names[1]}" not in rows and "1 file deleted" in words, "a deleted object is gone")
    check.expect(rows[f"{root}/{names[0]}"][0][1] == len(changed), "a changed object is read again")
    check.expect(rows[f"{root}/archived.docx"][0][0] == "not-hydrated", "an archived object is not read")
    check.expect(f"{root}/odd/ä #1 100%25.txt" in rows, "an odd key has its canonical form")
    check.expect(requests(words) < 25, "only what changed is read")
    for key in ["archived.docx", "empty.docx", "odd/ä #1 100%.txt"]:
        client.delete("box", key)
    client.put("box", names[0], files[names[0]].read_bytes())
    client.put("box", names[1], files[names[1]].read_bytes())

    killed(check, root, env, files)
    hostile(check, client, port, root, tree, files, local)
    signed(check, client, port, files)


def killed(check, root, env, files):
    inventory = check.room / "killed.db"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")} | env
    command = [check.program, "scan", "--quiet", root, "-i", str(inventory), "--max-rate", str(max(len(files) // 10, 50))]
    for _ in range(2):
        child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(4)
        child.send_signal(signal.SIGKILL)
        child.wait()
    _, before = check.rows(inventory)
    check.expect(0 < before < len(files), f"the killed scans have stored {before} rows")
    words = check.scan(root, "-i", inventory, environment=env)
    rows, count = check.rows(inventory)
    check.expect(count == len(rows) == len(files), "after a kill every object is a row, none is two")
    check.expect(requests(words) < (len(files) - before) * MOST_REQUESTS + 50, "the next scan goes on from there")


def hostile(check, client, port, root, tree, files, local):
    changes = set(random.Random(3).sample(sorted(files), max(len(files) // 200, 5)))
    lock = threading.Lock()

    def change(target):
        key = urllib.parse.unquote(urllib.parse.urlsplit(target).path).partition("/box/")[2]
        with lock:
            if key not in changes:
                return
            changes.discard(key)
        client.put("box", key, b"written since")

    expected = set(changes)
    proxy = Hostile(port, change)
    inventory = check.room / "hostile.db"
    env = settings(proxy.server_port)
    words = check.scan(root, "-i", inventory, environment=env)
    print(f"faults: {dict(proxy.faults)}; {check.seconds:.0f} s")
    print(words.splitlines()[0])
    rows, count = check.rows(inventory)
    check.expect(count == len(rows) == len(files), "hostile server: every object is a row, none is two")
    outcomes = collections.Counter(row[0][0] for row in rows.values())
    written = {path.removeprefix(root + "/") for path, row in rows.items() if row[0][0] == "changed-while-reading"}
    check.expect(written == expected, f"objects that were written since are changed-while-reading ({outcomes})")
    check.expect(outcomes["read"] >= (len(files) - len(expected)) * 0.999, "the others were read")
    # What was not read is read by the next scan.
    check.scan(root, "-i", inventory, environment=settings(port))
    rows, _ = check.rows(inventory)
    check.expect(all(row[0][0] == "read" for row in rows.values()), "the next scan reads the rest")
    proxy.shutdown()
    for key in expected:
        client.put("box", key, files[key].read_bytes())


class Web(http.server.BaseHTTPRequestHandler):
    """A server of signed addresses, some of which have expired."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path, _, query = self.path.partition("?")
        name = urllib.parse.unquote(path.lstrip("/"))
        if f"sig={SECRET}" not in query or "expired" in query:
            body = f"<Error>the signature {query} has expired</Error>".encode()
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        content = self.server.files[name].read_bytes()
        start, end = self.headers["Range"].removeprefix("bytes=").split("-")
        part = content[int(start): int(end) + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {start}-{int(start) + len(part) - 1}/{len(content)}")
        self.send_header("ETag", '"web"')
        self.end_headers()
        self.wfile.write(part)


def signed(check, client, port, files):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    server.daemon_threads = True
    server.files = files
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = check.room / "signed"
    folder.mkdir()
    names = sorted(files)[:: max(len(files) // 300, 1)]

    def listing(expired):
        rows = []
        for number, name in enumerate(names):
            end = "&expired" if expired and number % 3 == 0 else ""
            url = f"http://127.0.0.1:{server.server_port}/{urllib.parse.quote(name)}?sig={SECRET}{end}"
            rows.append({"url": url, "path": f"/hr/{name}", "size": files[name].stat().st_size, "etag": "graph"})
        (folder / "listing.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))

    listing(True)
    inventory = folder / "signed.db"
    arguments = ["--listing", folder / "listing.ndjson", "-i", inventory, "--format", "ndjson", "-o", folder / "out.ndjson"]
    words = check.scan(*arguments)
    rows, count = check.rows(inventory)
    outcomes = collections.Counter(row[0][0] for row in rows.values())
    check.expect(count == len(names), "every row of a listing is a row")
    check.expect(outcomes["io"] == len(names[::3]), f"an expired address is io ({outcomes})")
    listing(False)
    words += check.scan(*arguments)
    rows, count = check.rows(inventory)
    check.expect(all(row[0][0] == "read" for row in rows.values()), "a new listing reads what had expired")
    written = [file for file in folder.iterdir() if file.name != "listing.ndjson" and SECRET.encode() in file.read_bytes()]
    check.expect(not written and SECRET not in words, f"no signature is in any file or message {written}")
    server.shutdown()


def s3(check, moto, tree, files):
    port = free_port()
    log = open(check.room / "moto.log", "wb")
    server = subprocess.Popen([moto, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    try:
        wait_for(port, server)
        local = threading.local()

        def put(path, body=b""):
            headers = {"Host": f"127.0.0.1:{port}"}
            answer, content = exchange(local, port, "PUT", path, body, headers)
            if answer.status >= 300:
                sys.exit(f"PUT {path}: {answer.status} {content[:300]}")

        put("/bucket")
        some = dict(list(files.items())[:: max(len(files) // 1000, 1)])
        upload(some.items(), lambda key, body: put("/bucket/" + urllib.parse.quote(key), body))
        for key in ["deep/x.docx", "deep/marker/"]:
            put("/bucket/" + key, b"")
        env = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }
        inventory = check.room / "s3.db"
        words = check.scan("s3://bucket", "-i", inventory, environment=env)
        rows, count = check.rows(inventory)
        check.expect(count == len(rows) == len(some) + 1, "S3: every object is a row, the marker of a folder is none")
        check.expect("1 left out" in words, "S3: the marker is counted")
        print(f"S3: {requests(words)} requests for {len(some)} objects; {check.seconds:.1f} s")
        check.expect(requests(words) <= len(some) * MOST_REQUESTS + 5, f"S3: at most {MOST_REQUESTS} requests an object")
        whole = check.room / "local.db"
        facts, _ = check.rows(whole)
        plain = {path: row for path, row in rows.items() if not path.endswith("deep/x.docx")}
        same_facts(check, plain, facts, "s3://bucket", tree, "S3")
        words = check.scan("s3://bucket/", "-i", inventory, environment=env)
        check.expect(requests(words) < 10, "S3: a rescan reads nothing")
        words = check.scan("s3://missing", "--format", "ndjson", environment=env, may_be=(1, 2))
        check.expect("no such object or container" in words, "S3: a missing bucket is named")
        proxy = Hostile(port)
        inventory = check.room / "s3-hostile.db"
        env["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{proxy.server_port}"
        check.scan("s3://bucket", "-i", inventory, environment=env)
        rows, count = check.rows(inventory)
        read = sum(row[0][0] == "read" for row in rows.values())
        check.expect(count == len(rows) == len(some) + 1, "S3, hostile server: every object is a row, none is two")
        check.expect(read >= count - 2, f"S3, hostile server: objects were read ({read} of {count})")
        proxy.shutdown()
    finally:
        server.terminate()
        server.wait()


def main():
    program, maker = (str(pathlib.Path(one).resolve()) for one in sys.argv[1:3])
    objects = int(sys.argv[3]) if len(sys.argv) > 3 else 10_000
    room = pathlib.Path(tempfile.mkdtemp(prefix="rmsight-stores-"))
    servers = pathlib.Path(os.environ.get("RMSIGHT_SERVERS", room / "servers"))
    servers.mkdir(parents=True, exist_ok=True)
    try:
        azurite, moto = install(servers)
        large = objects // 50
        subprocess.run([maker, room / "made", str(objects - large)], check=True)
        tree = room / "made/tree"
        add_large(tree, large)
        files = {str(file.relative_to(tree)): file for file in sorted(tree.rglob("*")) if file.is_file()}
        check = Check(program, room)
        azure(check, azurite, tree, files)
        s3(check, moto, tree, files)
    finally:
        shutil.rmtree(room, ignore_errors=True)
    print(f"{len(check.failures)} failed" if check.failures else "all expectations are met")
    sys.exit(bool(check.failures))


if __name__ == "__main__":
    main()
