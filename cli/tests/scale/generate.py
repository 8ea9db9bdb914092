#!/usr/bin/env python3
"""Multiplies the rows of an inventory, to measure with: generate.py INVENTORY ROWS

The inventory is one that `rmsight scan -i` made of a few files; it is changed in place. The copies
lie in folders of a thousand files each, and have content ids, owners and times of issue of their
own, so that sums have something to add up.
"""
import sqlite3
import sys

FILES_A_FOLDER = 1000
OWNERS = 5000
YEARS = 12


def names(db, table):
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})")]


def main():
    file, wanted = sys.argv[1], int(sys.argv[2])
    db = sqlite3.connect(file)
    db.execute("PRAGMA journal_mode = off")
    db.execute("PRAGMA synchronous = off")
    have = db.execute("SELECT count(*) FROM findings").fetchone()[0]
    base = db.execute("SELECT max(id) FROM files").fetchone()[0]
    home = db.execute("SELECT min(id) FROM dirs").fetchone()[0]
    path = bytes(db.execute("SELECT path FROM dirs WHERE id = ?", [home]).fetchone()[0])
    step = base + 1
    rounds = (wanted - have) // have
    made = 0
    db.execute("BEGIN")
    dir_columns = [n for n in names(db, "dirs") if n not in ("id", "parent", "path", "display")]
    per_dir = max(1, FILES_A_FOLDER // have)
    dirs = {}
    for part in range(rounds // per_dir + 1):
        row = db.execute(
            f"INSERT INTO dirs (parent, path, {', '.join(dir_columns)}) "
            f"SELECT id, ?, {', '.join(dir_columns)} FROM dirs WHERE id = ?",
            [path + b"department %03d/project %06d/" % (part % 40, part), home],
        ).lastrowid
        dirs[part] = row
    file_columns = [n for n in names(db, "files") if n not in ("id", "dir", "name", "display")]
    own = {
        "content_id": "CASE WHEN content_id IS NULL THEN NULL ELSE printf("
        "'%08x-0000-4000-8000-%012x', ?1, file) END",
        "owner": f"CASE WHEN owner IS NULL THEN NULL ELSE printf('person%d@contoso.com', "
        f"(?1 * 31 + file) % {OWNERS}) END",
        "issued": f"CASE WHEN issued IS NULL THEN NULL ELSE issued - 31536000 * ((?1 + file) % {YEARS}) END",
    }
    finding_columns = [n for n in names(db, "findings") if n != "file"]
    values = [own.get(n, n) for n in finding_columns]
    for number in range(1, rounds + 1):
        folder = dirs[number // per_dir]
        db.execute(
            f"INSERT INTO files (id, dir, name, {', '.join(file_columns)}) "
            f"SELECT id + ?1 * ?2, ?3, CAST(printf('%d-%d.docx', ?1, id) AS BLOB), "
            f"{', '.join(file_columns)} FROM files WHERE id <= ?4",
            [number, step, folder, base],
        )
        made += db.execute(
            f"INSERT INTO findings (file, {', '.join(finding_columns)}) "
            f"SELECT file + ?1 * ?2, {', '.join(values)} FROM findings WHERE file <= ?3",
            [number, step, base],
        ).rowcount
    db.execute("COMMIT")
    print(f"{have + made} findings")


main()
