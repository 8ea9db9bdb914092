"""Runs one reader over a list of files, one path a line: peers.py olefile|oleid|zipfile LIST.

Prints the seconds of processor time; `zipfile` also prints the number of members.
`benches/peers/run` and `benches/peers/archives` compare readers.
"""

import logging
import sys
import time

reader, list_path = sys.argv[1:]
logging.disable(logging.CRITICAL)
with open(list_path, encoding="utf-8") as lines:
    paths = lines.read().splitlines()
members = 0

if reader == "olefile":
    import olefile

    def read(path):
        if not olefile.isOleFile(path):
            return
        with olefile.OleFileIO(path) as ole:
            for name in ole.listdir():
                if name[-1] == "\x06Primary":
                    ole.openstream(name).read()

elif reader == "oleid":
    from oletools.oleid import OleID

    def read(path):
        OleID(path).check()

else:
    import zipfile

    def read(path):
        global members
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.is_dir():
                    continue
                members += 1
                try:
                    with archive.open(member) as file:
                        file.read(4096)
                except Exception:  # encrypted, or an unknown method
                    pass


start = time.process_time()
for path in paths:
    try:
        read(path)
    except Exception:  # a file that a peer cannot read counts as read
        pass
print(time.process_time() - start, *([members] if reader == "zipfile" else []))
