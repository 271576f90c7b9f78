-- SPDX-License-Identifier: GPL-3.0-or-later
-- A catalog of schema version 2, as sqlite3 dumps it.
PRAGMA application_id = 1347376207;
PRAGMA user_version = 2;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE cameras (
  id TEXT NOT NULL PRIMARY KEY CHECK (length (id) BETWEEN 1 AND 63),
  settings TEXT NOT NULL CHECK (length (settings) BETWEEN 2 AND 65536) -- JSON
) STRICT, WITHOUT ROWID;
INSERT INTO "cameras" VALUES('front','{"id":"front","url":"rtsp://127.0.0.1/front"}');
CREATE TABLE events (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  camera TEXT NOT NULL CHECK (length (camera) BETWEEN 1 AND 63),
  kind TEXT NOT NULL CHECK (length (kind) BETWEEN 1 AND 32),
  start_us INTEGER NOT NULL CHECK (start_us BETWEEN 0 AND 253402300799999999),
  end_us INTEGER NOT NULL CHECK (end_us >= start_us),
  keep_start_us INTEGER NOT NULL CHECK (keep_start_us BETWEEN 0 AND start_us),
  keep_end_us INTEGER NOT NULL CHECK (keep_end_us >= end_us),
  score REAL CHECK (score BETWEEN 0 AND 1),
  title TEXT NOT NULL CHECK (length (title) <= 200),
  metadata TEXT CHECK (length (metadata) BETWEEN 2 AND 16384) -- JSON
) STRICT;
CREATE TABLE gaps (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  camera TEXT NOT NULL CHECK (length (camera) BETWEEN 1 AND 63),
  stream INTEGER NOT NULL CHECK (stream IN (0, 1)),
  start_us INTEGER NOT NULL CHECK (start_us >= 0),
  end_us INTEGER NOT NULL CHECK (end_us >= start_us),
  cause TEXT NOT NULL CHECK (length (cause) BETWEEN 1 AND 32)
) STRICT;
INSERT INTO "gaps" VALUES(1,'front',0,1795046900000000,1795132800000000,'power');
INSERT INTO "gaps" VALUES(2,'gone',0,1795046700000000,9223372036854775807,'shutdown');
CREATE TABLE id_counters (
  name TEXT NOT NULL PRIMARY KEY,
  next INTEGER NOT NULL CHECK (next > 0)
) STRICT, WITHOUT ROWID;
INSERT INTO "id_counters" VALUES('event',1);
INSERT INTO "id_counters" VALUES('gap',1025);
INSERT INTO "id_counters" VALUES('lock',1);
INSERT INTO "id_counters" VALUES('segment',2049);
CREATE TABLE locks (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  camera TEXT NOT NULL CHECK (length (camera) BETWEEN 1 AND 63),
  start_us INTEGER NOT NULL CHECK (start_us BETWEEN 0 AND 253402300799999999),
  -- Queries by overlap look back no further than this: POTOO_LOCK_MAX_US.
  end_us INTEGER NOT NULL CHECK (end_us > start_us AND end_us <= start_us + 2678400000000),
  reason TEXT NOT NULL CHECK (length (reason) <= 200),
  expires_us INTEGER NOT NULL CHECK (expires_us BETWEEN 0 AND 253402300799999999), -- 0: never
  created_us INTEGER NOT NULL CHECK (created_us BETWEEN 0 AND 253402300799999999)
) STRICT;
CREATE TABLE recorded_days (
  camera TEXT NOT NULL,
  day INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  recorded_us INTEGER NOT NULL,
  PRIMARY KEY (camera, day)
) STRICT, WITHOUT ROWID;
INSERT INTO "recorded_days" VALUES('front',20775,140000000,300000000);
INSERT INTO "recorded_days" VALUES('front',20776,249000000,500000000);
INSERT INTO "recorded_days" VALUES('front',20777,5000000,10000000);
INSERT INTO "recorded_days" VALUES('gone',20776,100000000,300000000);
CREATE TABLE segment_index (
  id INTEGER PRIMARY KEY REFERENCES segments (id) ON DELETE CASCADE,
  fragments BLOB NOT NULL -- see potoo-segment-index.h
) STRICT;
INSERT INTO "segment_index" VALUES(1,X'0180');
INSERT INTO "segment_index" VALUES(5,X'01');
CREATE TABLE segment_totals (
  root INTEGER NOT NULL,
  camera TEXT NOT NULL,
  stream INTEGER NOT NULL,
  class INTEGER NOT NULL,
  segments INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (root, camera, stream, class)
) STRICT, WITHOUT ROWID;
INSERT INTO "segment_totals" VALUES(1,'front',0,0,1,150000000);
INSERT INTO "segment_totals" VALUES(1,'front',0,1,1,90000000);
INSERT INTO "segment_totals" VALUES(1,'front',0,3,1,140000000);
INSERT INTO "segment_totals" VALUES(1,'gone',0,0,1,100000000);
INSERT INTO "segment_totals" VALUES(2,'front',0,0,1,5000000);
INSERT INTO "segment_totals" VALUES(2,'front',1,0,1,9000000);
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
, class INTEGER NOT NULL DEFAULT 0 CHECK (class BETWEEN 0 AND 2), sha256 BLOB CHECK (length (sha256) = 32)) STRICT;
INSERT INTO "segments" VALUES(1,'front',0,1,1,1,1795046400000000,1795046700000000,5000000,'boot-1',27000000,150000000,700,'avc1.64001f',0,NULL);
INSERT INTO "segments" VALUES(2,'front',0,1,2,1,1795046700000000,1795046900000000,305000000,'boot-1',18000000,90000000,700,'avc1.64001f',1,X'ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB');
INSERT INTO "segments" VALUES(3,'front',1,2,1,3,1795046400000000,1795046700000000,5000000,'boot-1',27000000,9000000,600,'avc1.42001f',0,NULL);
INSERT INTO "segments" VALUES(4,'front',0,1,3,1,1795046100000000,1795046400000000,1000000,'boot-1',27000000,140000000,700,'avc1.64001f',0,NULL);
INSERT INTO "segments" VALUES(5,'front',0,2,0,5,1795132800000000,1795132810000000,9000000,'boot-2',900000,5000000,700,'avc1.64001f',0,NULL);
INSERT INTO "segments" VALUES(1030,'gone',0,1,1,1030,1795046400000000,1795046700000000,5000000,'boot-1',27000000,100000000,700,'avc1.64001f',0,NULL);
CREATE TABLE settings (
  key TEXT NOT NULL PRIMARY KEY CHECK (length (key) BETWEEN 1 AND 100),
  value TEXT NOT NULL CHECK (length (value) <= 65536)
) STRICT, WITHOUT ROWID;
INSERT INTO "settings" VALUES('boot-id','boot-2');
CREATE TABLE storage_roots (
  id INTEGER PRIMARY KEY CHECK (id > 0),
  uuid TEXT NOT NULL UNIQUE CHECK (length (uuid) BETWEEN 1 AND 64),
  name TEXT NOT NULL CHECK (length (name) BETWEEN 1 AND 63),
  path TEXT NOT NULL CHECK (length (path) BETWEEN 1 AND 4096)
) STRICT;
INSERT INTO "storage_roots" VALUES(1,'uuid-1','main','/r');
INSERT INTO "storage_roots" VALUES(2,'uuid-2','usb','/usb');
CREATE INDEX segments_by_start ON segments (start_us);
CREATE INDEX segments_by_camera ON segments (camera, start_us);
CREATE INDEX segments_by_stream ON segments (camera, stream, start_us);
CREATE INDEX segments_unfinished ON segments (root) WHERE state IN (0, 3);
CREATE INDEX gaps_by_start ON gaps (start_us);
CREATE INDEX gaps_by_camera ON gaps (camera, start_us);
CREATE INDEX gaps_long ON gaps (end_us, start_us) WHERE end_us - start_us > 3600000000;
CREATE INDEX gaps_long_by_camera ON gaps (camera, end_us, start_us)
  WHERE end_us - start_us > 3600000000;
CREATE INDEX segments_by_root ON segments (root);
CREATE INDEX segments_evictable ON segments (root, class, end_us) WHERE state IN (1, 2);
CREATE INDEX segments_evictable_by_camera ON segments (root, camera, class, end_us)
  WHERE state IN (1, 2);
CREATE INDEX segments_of_timeline ON segments
  (camera, stream, start_us, id, end_us, recording, state) WHERE state IN (1, 2);
CREATE INDEX segments_open ON segments (camera, stream, start_us, id) WHERE state = 0;
CREATE INDEX events_by_start ON events (start_us);
CREATE INDEX events_by_camera ON events (camera, start_us);
CREATE INDEX events_by_kind ON events (kind, start_us);
CREATE INDEX events_by_camera_kind ON events (camera, kind, start_us);
CREATE INDEX events_long ON events (end_us, start_us) WHERE end_us - start_us > 7200000000;
CREATE INDEX events_kept ON events (camera, keep_end_us, keep_start_us);
CREATE INDEX events_kept_long ON events (camera, keep_end_us, keep_start_us)
  WHERE keep_end_us - keep_start_us > 7200000000;
CREATE INDEX locks_by_start ON locks (start_us);
CREATE INDEX locks_by_camera ON locks (camera, end_us, start_us);
CREATE TRIGGER segment_inserted AFTER INSERT ON segments
BEGIN
  INSERT INTO segment_totals VALUES
    (new.root, new.camera, new.stream, iif (new.state = 3, 3, new.class), 1, new.size_bytes)
    ON CONFLICT DO UPDATE SET segments = segments + 1, bytes = bytes + excluded.bytes;
  INSERT INTO recorded_days VALUES
    (new.camera, new.start_us / 86400000000, new.size_bytes,
     iif (new.stream = 0, new.end_us - new.start_us, 0))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes,
      recorded_us = recorded_us + excluded.recorded_us;
END;
CREATE TRIGGER segment_grown AFTER UPDATE OF size_bytes ON segments
WHEN new.size_bytes <> old.size_bytes AND new.root = old.root AND new.camera = old.camera
  AND new.stream = old.stream
  AND iif (new.state = 3, 3, new.class) = iif (old.state = 3, 3, old.class)
BEGIN
  UPDATE segment_totals SET bytes = bytes + new.size_bytes - old.size_bytes
    WHERE root = new.root AND camera = new.camera AND stream = new.stream
      AND class = iif (new.state = 3, 3, new.class);
END;
CREATE TRIGGER segment_moved AFTER UPDATE OF root, camera, stream, state, class ON segments
WHEN new.root <> old.root OR new.camera <> old.camera OR new.stream <> old.stream
  OR iif (new.state = 3, 3, new.class) <> iif (old.state = 3, 3, old.class)
BEGIN
  UPDATE segment_totals SET segments = segments - 1, bytes = bytes - old.size_bytes
    WHERE root = old.root AND camera = old.camera AND stream = old.stream
      AND class = iif (old.state = 3, 3, old.class);
  INSERT INTO segment_totals VALUES
    (new.root, new.camera, new.stream, iif (new.state = 3, 3, new.class), 1, new.size_bytes)
    ON CONFLICT DO UPDATE SET segments = segments + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER segment_dropped AFTER DELETE ON segments
BEGIN
  UPDATE segment_totals SET segments = segments - 1, bytes = bytes - old.size_bytes
    WHERE root = old.root AND camera = old.camera AND stream = old.stream
      AND class = iif (old.state = 3, 3, old.class);
  -- No rows of cameras and roots that are no more.
  DELETE FROM segment_totals
    WHERE root = old.root AND camera = old.camera AND segments = 0;
END;
CREATE TRIGGER segment_day_grown AFTER UPDATE OF camera, stream, start_us, end_us, size_bytes
  ON segments
WHEN new.camera = old.camera AND new.stream = old.stream
  AND new.start_us / 86400000000 = old.start_us / 86400000000
BEGIN
  UPDATE recorded_days SET
      bytes = max (0, bytes + new.size_bytes - old.size_bytes),
      recorded_us = max (0, recorded_us
        + iif (new.stream = 0, new.end_us - new.start_us - old.end_us + old.start_us, 0))
    WHERE camera = new.camera AND day = new.start_us / 86400000000;
END;
CREATE TRIGGER segment_day_moved AFTER UPDATE OF camera, stream, start_us ON segments
WHEN new.camera <> old.camera OR new.stream <> old.stream
  OR new.start_us / 86400000000 <> old.start_us / 86400000000
BEGIN
  UPDATE recorded_days SET bytes = max (0, bytes - old.size_bytes),
      recorded_us = max (0, recorded_us - iif (old.stream = 0, old.end_us - old.start_us, 0))
    WHERE camera = old.camera AND day = old.start_us / 86400000000;
  INSERT INTO recorded_days VALUES
    (new.camera, new.start_us / 86400000000, new.size_bytes,
     iif (new.stream = 0, new.end_us - new.start_us, 0))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes,
      recorded_us = recorded_us + excluded.recorded_us;
END;
CREATE TRIGGER segment_day_dropped AFTER DELETE ON segments WHEN old.state <> 3
BEGIN
  UPDATE recorded_days SET bytes = max (0, bytes - old.size_bytes),
      recorded_us = max (0, recorded_us - iif (old.stream = 0, old.end_us - old.start_us, 0))
    WHERE camera = old.camera AND day = old.start_us / 86400000000;
END;
CREATE TRIGGER recorded_day_inserted AFTER INSERT ON recorded_days
BEGIN
  DELETE FROM recorded_days WHERE camera = new.camera AND day <
    (SELECT day FROM recorded_days WHERE camera = new.camera ORDER BY day DESC LIMIT 1 OFFSET 399);
END;
COMMIT;
