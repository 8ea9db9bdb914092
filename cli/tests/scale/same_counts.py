#!/usr/bin/env python3
"""DuckDB reads what rmsight wrote, and counts the same: same_counts.py RMSIGHT

Ends with 77, which means skipped, where DuckDB (PyPI `duckdb`) is missing. To read the inventory
itself, DuckDB needs its SQLite extension: from PyPI `duckdb-extension-sqlite-scanner`, of the same
version, or else from where DuckDB gets its extensions.
"""
import csv
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

try:
    import duckdb
except ImportError:
    print("skipped: there is no duckdb (pip install duckdb)")
    sys.exit(77)

program = pathlib.Path(sys.argv[1]).resolve()
corpus = pathlib.Path(__file__).resolve().parents[3] / "corpus"


def run(*args):
    done = subprocess.run([program, *map(str, args)], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def load_sqlite(db):
    package = importlib.util.find_spec("duckdb_extension_sqlite_scanner")
    if package is None:
        db.execute("INSTALL sqlite; LOAD sqlite")
        return
    folder = pathlib.Path(package.origin).parent
    files = sorted(folder.rglob("*.duckdb_extension"))
    own = [file for file in files if file.parent.name == f"v{duckdb.__version__}"]
    db.execute(f"LOAD '{(own or files)[0]}'")


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    inventory, parquet, table = (folder / name for name in ("i.db", "f.parquet", "f.csv"))
    run("scan", "--quiet", "-i", inventory, corpus)
    run("export", inventory, "-o", parquet)
    run("export", inventory, "-o", table)
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    count = {}
    for row in rows:
        count[row["protection"]] = count.get(row["protection"], 0) + 1
    wanted = sorted(count.items())

    db = duckdb.connect()
    by = "SELECT protection, count(*) FROM {} GROUP BY 1 ORDER BY 1"
    found = db.execute(by.format(f"read_parquet('{parquet}')")).fetchall()
    assert found == wanted, ("parquet", found, wanted)
    types = dict(db.execute(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet('{parquet}'))").fetchall())
    assert types["issued"] == "TIMESTAMP WITH TIME ZONE", types["issued"]
    assert types["anomalies"] == "VARCHAR[]", types["anomalies"]
    assert types["size"] == "BIGINT", types["size"]
    odd = db.execute(f"SELECT sum(len(anomalies)) FROM read_parquet('{parquet}')").fetchone()[0]
    assert odd == sum(len(row["anomalies"].split()) for row in rows), odd
    issued = db.execute(f"SELECT max(epoch(issued)) FROM read_parquet('{parquet}')").fetchone()[0]
    last = max(row["issued"] for row in rows)
    assert db.execute("SELECT epoch(?::TIMESTAMP)", [last.rstrip("Z")]).fetchone()[0] == issued

    try:
        load_sqlite(db)
    except duckdb.Error as error:
        print(f"same counts in Parquet; SQLite skipped: {str(error).splitlines()[0]}")
        print("(pip install duckdb-extension-sqlite-scanner, in the version of duckdb)")
        sys.exit(0)
    db.execute(f"ATTACH '{inventory}' AS i (TYPE sqlite)")
    found = db.execute(by.format("i.records")).fetchall()
    assert found == wanted, ("sqlite", found, wanted)
print("same counts in Parquet and SQLite")
