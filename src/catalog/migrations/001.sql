-- SPDX-License-Identifier: GPL-3.0-or-later
-- The first schema. Times are microseconds since 1970, UTC; ids are never reused.

CREATE TABLE cameras (
  id TEXT NOT NULL PRIMARY KEY CHECK (length (id) BETWEEN 1 AND 63),
  settings TEXT NOT NULL CHECK (length (settings) BETWEEN 2 AND 65536) -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE storage_roots (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  uuid TEXT NOT NULL UNIQUE CHECK (length (uuid) BETWEEN 1 AND 64),
  name TEXT NOT NULL CHECK (length (name) BETWEEN 1 AND 63),
  path TEXT NOT NULL CHECK (length (path) BETWEEN 1 AND 4096)
) STRICT;

-- `camera` is no foreign key: recordings outlive their camera.
CREATE TABLE segments (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  camera TEXT NOT NULL CHECK (length (camera) BETWEEN 1 AND 63),
  stream INTEGER NOT NULL CHECK (stream IN (0, 1)), -- PotooStreamKind
  root INTEGER NOT NULL REFERENCES storage_roots (id),
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3), -- PotooSegmentState
  recording INTEGER NOT NULL CHECK (recording > 0),
  start_us INTEGER NOT NULL CHECK (start_us >= 0),
  -- Queries by overlap look back no further than this: POTOO_SEGMENT_MAX_DURATION_US.
  end_us INTEGER NOT NULL CHECK (end_us BETWEEN start_us AND start_us + 7200000000),
  mono_us INTEGER NOT NULL,
  boot_id TEXT NOT NULL CHECK (length (boot_id) <= 39),
  duration_ticks INTEGER NOT NULL CHECK (duration_ticks >= 0),
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  init_bytes INTEGER NOT NULL CHECK (init_bytes >= 0),
  codecs TEXT NOT NULL CHECK (length (codecs) <= 95)
) STRICT;

CREATE INDEX segments_by_start ON segments (start_us);
CREATE INDEX segments_by_camera ON segments (camera, start_us);
CREATE INDEX segments_by_stream ON segments (camera, stream, start_us);
CREATE INDEX segments_unfinished ON segments (root) WHERE state IN (0, 3);

CREATE TABLE segment_index (
  id INTEGER PRIMARY KEY REFERENCES segments (id) ON DELETE CASCADE,
  fragments BLOB NOT NULL -- see potoo-segment-index.h
) STRICT;

-- A gap that goes on ends at the largest integer.
CREATE TABLE gaps (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  camera TEXT NOT NULL CHECK (length (camera) BETWEEN 1 AND 63),
  stream INTEGER NOT NULL CHECK (stream IN (0, 1)),
  start_us INTEGER NOT NULL CHECK (start_us >= 0),
  end_us INTEGER NOT NULL CHECK (end_us >= start_us),
  cause TEXT NOT NULL CHECK (length (cause) BETWEEN 1 AND 32)
) STRICT;

CREATE INDEX gaps_by_start ON gaps (start_us);
CREATE INDEX gaps_by_camera ON gaps (camera, start_us);
-- A gap may be of any length. The few long ones, over an hour or going on, are found by
-- their end; all others start at most an hour before the window that is looked at.
CREATE INDEX gaps_long ON gaps (end_us, start_us) WHERE end_us - start_us > 3600000000;
CREATE INDEX gaps_long_by_camera ON gaps (camera, end_us, start_us)
  WHERE end_us - start_us > 3600000000;

CREATE TABLE settings (
  key TEXT NOT NULL PRIMARY KEY CHECK (length (key) BETWEEN 1 AND 100),
  value TEXT NOT NULL CHECK (length (value) <= 65536)
) STRICT, WITHOUT ROWID;

-- The first id of each kind that no block has reserved yet.
CREATE TABLE id_counters (
  name TEXT NOT NULL PRIMARY KEY,
  next INTEGER NOT NULL CHECK (next > 0)
) STRICT, WITHOUT ROWID;

INSERT INTO id_counters (name, next) VALUES ('segment', 1), ('gap', 1);
