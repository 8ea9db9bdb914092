-- The inventory. Times are whole seconds since 1970-01-01T00:00:00Z unless a comment says otherwise;
-- the view `records` shows them as the record writes them. Paths and names are the bytes that the
-- system gave (Windows: WTF-8); `display` is there only where these are not UTF-8, with U+FFFD for
-- what is not.

-- Facts about this file: `id` is a random name that copies share and other inventories do not.
CREATE TABLE about (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- Names given with --source, by default the name of the host; the empty one is "none".
CREATE TABLE sources (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- The inventories (`about.id`) whose scans filled a source, each with `@` and the computer that ran
-- the scan. `merge` compares them.
CREATE TABLE scanners (
  source INTEGER NOT NULL REFERENCES sources,
  id TEXT NOT NULL,
  PRIMARY KEY (source, id)
) WITHOUT ROWID;

-- What paths of a source are called elsewhere (--map).
CREATE TABLE maps (
  source INTEGER NOT NULL REFERENCES sources,
  prefix TEXT NOT NULL,
  target TEXT NOT NULL,
  PRIMARY KEY (source, prefix)
) WITHOUT ROWID;

-- What decides which facts the bytes of a file give: version of the reader, options and limits.
CREATE TABLE readings (
  id INTEGER PRIMARY KEY,
  reader INTEGER NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  options TEXT NOT NULL
);

-- File systems, by a name that outlives a remount where there is one.
CREATE TABLE devices (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

CREATE TABLE scans (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources,
  reading INTEGER NOT NULL REFERENCES readings,
  started TIMESTAMP NOT NULL,
  finished TIMESTAMP,
  outcome TEXT NOT NULL,            -- running (or killed), finished, interrupted
  program TEXT NOT NULL,            -- version of rmsight
  include TEXT NOT NULL,            -- JSON list of globs, as of --include
  exclude TEXT NOT NULL,            -- JSON list of globs, as of --exclude
  one_file_system INTEGER NOT NULL,
  hydrate INTEGER NOT NULL,
  backup INTEGER,                   -- 1: with SeBackupPrivilege, 0: requested, not granted (--backup)
  files INTEGER,                    -- met; the sum of read, unchanged, failed
  read INTEGER,                     -- opened and read
  unchanged INTEGER,                -- as the inventory knew them, and not opened
  failed INTEGER,                   -- not opened, or not to be had
  excluded INTEGER,                 -- left out by --include, --exclude, --one-file-system
  links INTEGER,                    -- symbolic links, not followed
  special INTEGER,                  -- sockets, pipes, devices
  snapshots INTEGER,                -- folders of snapshots and recycle bins, left out without --snapshots
  gone INTEGER,                     -- found to have vanished
  bytes INTEGER,                    -- read from files
  host TEXT                         -- computer that ran the scan
);

-- What scans were told to look at.
CREATE TABLE roots (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources,
  kind TEXT NOT NULL,               -- path, list (--files-from)
  path BLOB NOT NULL,
  display TEXT,
  real BLOB,                        -- the path with links resolved, of the last scan
  UNIQUE (source, kind, path)
);

-- How it went with one root in one scan.
CREATE TABLE root_scans (
  scan INTEGER NOT NULL REFERENCES scans,
  root INTEGER NOT NULL REFERENCES roots,
  started TIMESTAMP NOT NULL,
  finished TIMESTAMP,               -- null: not finished
  complete INTEGER NOT NULL,        -- finished, and every folder in it was listed
  device INTEGER REFERENCES devices,
  files INTEGER NOT NULL,           -- met, also those left out
  error TEXT,
  scanned INTEGER,                  -- met, without those left out
  excluded INTEGER,                 -- files and folders left out by --exclude
  filtered INTEGER,                 -- files left out by --include
  PRIMARY KEY (scan, root)
) WITHOUT ROWID;

CREATE TABLE dirs (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources,
  root INTEGER NOT NULL REFERENCES roots,  -- of the scan that met it last
  parent INTEGER REFERENCES dirs,
  path BLOB NOT NULL,               -- with the separator at its end
  display TEXT,
  seen INTEGER NOT NULL,            -- scan that met it last
  listed INTEGER,                   -- scan that listed it last to the end without error
  device INTEGER REFERENCES devices,  -- on which it was listed then
  UNIQUE (source, path)
);
CREATE INDEX dirs_parent ON dirs (parent);

CREATE TABLE files (
  id INTEGER PRIMARY KEY,
  dir INTEGER NOT NULL REFERENCES dirs,
  name BLOB NOT NULL,               -- empty: the folder itself, which could not be listed
  display TEXT,
  size INTEGER,
  modified TIMESTAMP,
  modified_ns INTEGER,              -- nanoseconds behind `modified`
  changed INTEGER,                  -- change time (ctime) in nanoseconds since 1970
  device INTEGER REFERENCES devices,
  reading INTEGER NOT NULL REFERENCES readings,
  outcome TEXT NOT NULL,            -- read, or the error code for which to try again
  scan INTEGER NOT NULL REFERENCES scans,  -- that read it last
  gone INTEGER REFERENCES scans,    -- that found it to have vanished
  owner TEXT,                       -- in the file system; only if it was not read, or not to the end
  etag TEXT,                        -- of an object in a store
  version_id TEXT,                  -- of an object
  tier TEXT,                        -- storage class of an object
  UNIQUE (dir, name)
);

-- Files that a running scan did not find where they were: gone, if its root is finished.
CREATE TABLE missing (
  file INTEGER NOT NULL REFERENCES files,
  scan INTEGER NOT NULL REFERENCES scans,
  root INTEGER NOT NULL REFERENCES roots,
  PRIMARY KEY (file, scan)
) WITHOUT ROWID;

-- Links, junctions and mount points that were not followed.
CREATE TABLE skipped (
  dir INTEGER NOT NULL REFERENCES dirs,
  name BLOB NOT NULL,               -- empty: the folder itself
  root INTEGER NOT NULL REFERENCES roots,
  scan INTEGER NOT NULL REFERENCES scans,
  target BLOB,                      -- with links resolved, null where that failed
  device INTEGER REFERENCES devices,  -- that contains it, null where unknown
  PRIMARY KEY (dir, name)
) WITHOUT ROWID;

-- The server licensor keys that any file named, with what the first of them said.
CREATE TABLE slc_keys (
  key TEXT PRIMARY KEY,
  bits INTEGER,
  id TEXT,
  name TEXT,
  address TEXT,
  tenant TEXT,
  scan INTEGER NOT NULL REFERENCES scans
) WITHOUT ROWID;
