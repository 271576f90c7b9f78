-- SPDX-License-Identifier: GPL-3.0-or-later
-- A catalog of schema version 1, as sqlite3 dumps it.
PRAGMA application_id = 1347376207;
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE cameras (
  id TEXT NOT NULL PRIMARY KEY CHECK (length (id) BETWEEN 1 AND 63),
  settings TEXT NOT NULL CHECK (length (settings) BETWEEN 2 AND 65536) -- JSON
) STRICT, WITHOUT ROWID;
INSERT INTO cameras VALUES('front','{"id":"front","url":"rtsp://127.0.0.1/front"}');
CREATE TABLE storage_roots (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  uuid TEXT NOT NULL UNIQUE CHECK (length (uuid) BETWEEN 1 AND 64),
  name TEXT NOT NULL CHECK (length (name) BETWEEN 1 AND 63),
  path TEXT NOT NULL CHECK (length (path) BETWEEN 1 AND 4096)
) STRICT;
INSERT INTO storage_roots VALUES(1,'uuid-1','main','/r');
INSERT INTO storage_roots VALUES(2,'uuid-2','usb','/usb');
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
INSERT INTO segments VALUES(1,'front',0,1,1,1,1795046400000000,1795046700000000,5000000,'boot-1',27000000,150000000,700,'avc1.64001f');
INSERT INTO segments VALUES(2,'front',0,1,2,1,1795046700000000,1795046900000000,305000000,'boot-1',18000000,90000000,700,'avc1.64001f');
INSERT INTO segments VALUES(3,'front',1,2,1,3,1795046400000000,1795046700000000,5000000,'boot-1',27000000,9000000,600,'avc1.42001f');
INSERT INTO segments VALUES(4,'front',0,1,3,1,1795046100000000,1795046400000000,1000000,'boot-1',27000000,140000000,700,'avc1.64001f');
INSERT INTO segments VALUES(5,'front',0,2,0,5,1795132800000000,1795132810000000,9000000,'boot-2',900000,5000000,700,'avc1.64001f');
INSERT INTO segments VALUES(1030,'gone',0,1,1,1030,1795046400000000,1795046700000000,5000000,'boot-1',27000000,100000000,700,'avc1.64001f');
CREATE TABLE segment_index (
  id INTEGER PRIMARY KEY REFERENCES segments (id) ON DELETE CASCADE,
  fragments BLOB NOT NULL -- see potoo-segment-index.h
) STRICT;
INSERT INTO segment_index VALUES(1,X'0180');
INSERT INTO segment_index VALUES(5,X'01');
CREATE TABLE gaps (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  camera TEXT NOT NULL CHECK (length (camera) BETWEEN 1 AND 63),
  stream INTEGER NOT NULL CHECK (stream IN (0, 1)),
  start_us INTEGER NOT NULL CHECK (start_us >= 0),
  end_us INTEGER NOT NULL CHECK (end_us >= start_us),
  cause TEXT NOT NULL CHECK (length (cause) BETWEEN 1 AND 32)
) STRICT;
INSERT INTO gaps VALUES(1,'front',0,1795046900000000,1795132800000000,'power');
INSERT INTO gaps VALUES(2,'gone',0,1795046700000000,9223372036854775807,'shutdown');
CREATE TABLE settings (
  key TEXT NOT NULL PRIMARY KEY CHECK (length (key) BETWEEN 1 AND 100),
  value TEXT NOT NULL CHECK (length (value) <= 65536)
) STRICT, WITHOUT ROWID;
INSERT INTO settings VALUES('boot-id','boot-2');
CREATE TABLE id_counters (
  name TEXT NOT NULL PRIMARY KEY,
  next INTEGER NOT NULL CHECK (next > 0)
) STRICT, WITHOUT ROWID;
INSERT INTO id_counters VALUES('gap',1025);
INSERT INTO id_counters VALUES('segment',2049);
CREATE INDEX segments_by_start ON segments (start_us);
CREATE INDEX segments_by_camera ON segments (camera, start_us);
CREATE INDEX segments_by_stream ON segments (camera, stream, start_us);
CREATE INDEX segments_unfinished ON segments (root) WHERE state IN (0, 3);
CREATE INDEX gaps_by_start ON gaps (start_us);
CREATE INDEX gaps_by_camera ON gaps (camera, start_us);
CREATE INDEX gaps_long ON gaps (end_us, start_us) WHERE end_us - start_us > 3600000000;
CREATE INDEX gaps_long_by_camera ON gaps (camera, end_us, start_us)
  WHERE end_us - start_us > 3600000000;
COMMIT;
