"""One reader over a list of files, one path a line: peers.py olefile|oleid LIST.

Prints the seconds that it took. `benches/peers/run` compares them.
"""

import logging
import sys
import time

reader, list_path = sys.argv[1:]
logging.disable(logging.CRITICAL)
with open(list_path, encoding="utf-8") as lines:
    paths = lines.read().splitlines()

if reader == "olefile":
    import olefile

    def read(path):
        if not olefile.isOleFile(path):
            return
        with olefile.OleFileIO(path) as ole:
            for name in ole.listdir():
                if name[-1] == "\x06Primary":
                    ole.openstream(name).read()

else:
    from oletools.oleid import OleID

    def read(path):
        OleID(path).check()


start = time.perf_counter()
for path in paths:
    try:
        read(path)
    except Exception:  # what a peer cannot read counts as read
        pass
print(time.perf_counter() - start)
