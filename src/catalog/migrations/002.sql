-- SPDX-License-Identifier: GPL-3.0-or-later
-- What is kept: events and locks, the class that they give segments, totals of what lies where,
-- and how much was recorded on each day. Times as in 001.sql; the largest is in the year 9999.

-- Segments -------------------------------------------------------------------

-- PotooSegmentClass; kept by the jobs that put segments, events and locks.
ALTER TABLE segments ADD COLUMN class INTEGER NOT NULL DEFAULT 0 CHECK (class BETWEEN 0 AND 2);
ALTER TABLE segments ADD COLUMN sha256 BLOB CHECK (length (sha256) = 32);

CREATE INDEX segments_by_root ON segments (root);
-- Segments that are being written are not in these, so that their growth does not touch them.
CREATE INDEX segments_evictable ON segments (root, class, end_us) WHERE state IN (1, 2);
CREATE INDEX segments_evictable_by_camera ON segments (root, camera, class, end_us)
  WHERE state IN (1, 2);
-- All that a timeline needs: a day lies in three pages of this, and in three hundred of the table.
CREATE INDEX segments_of_timeline ON segments
  (camera, stream, start_us, id, end_us, recording, state) WHERE state IN (1, 2);
-- What it needs besides: the one that is being written.
CREATE INDEX segments_open ON segments (camera, stream, start_us, id) WHERE state = 0;

-- Events ---------------------------------------------------------------------

-- An event that goes on ends at the largest integer, and so does what it keeps.
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

CREATE INDEX events_by_start ON events (start_us);
CREATE INDEX events_by_camera ON events (camera, start_us);
CREATE INDEX events_by_kind ON events (kind, start_us);
CREATE INDEX events_by_camera_kind ON events (camera, kind, start_us);
-- The few of over two hours, or going on, are found by their end; all others start at most two
-- hours before the window that is looked at.
CREATE INDEX events_long ON events (end_us, start_us) WHERE end_us - start_us > 7200000000;
-- What gives segments their class. By the end, since at the present time few ends are still to come.
CREATE INDEX events_kept ON events (camera, keep_end_us, keep_start_us);
CREATE INDEX events_kept_long ON events (camera, keep_end_us, keep_start_us)
  WHERE keep_end_us - keep_start_us > 7200000000;

-- Locks ----------------------------------------------------------------------

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

CREATE INDEX locks_by_start ON locks (start_us);
CREATE INDEX locks_by_camera ON locks (camera, end_us, start_us);

INSERT INTO id_counters (name, next) VALUES ('event', 1), ('lock', 1);

-- Totals ---------------------------------------------------------------------

-- What the rows of `segments` add up to, at all times: the triggers below see to it. A segment in
-- state deleting counts as class 3, whatever its own: it is not kept, but its file may still be there.
-- Without CHECKs: the rows that are summed have them, and nothing that is wrong here may stop recording.
CREATE TABLE segment_totals (
  root INTEGER NOT NULL,
  camera TEXT NOT NULL,
  stream INTEGER NOT NULL,
  class INTEGER NOT NULL,
  segments INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (root, camera, stream, class)
) STRICT, WITHOUT ROWID;

INSERT INTO segment_totals
  SELECT root, camera, stream, iif (state = 3, 3, 0), count (*), sum (size_bytes)
  FROM segments GROUP BY 1, 2, 3, 4;

-- What was recorded of a camera on a day (of UTC, counted from 1970-01-01), by segments that started on
-- it; also when they are long gone. The bytes are those of all streams, the time is that of `main`.
CREATE TABLE recorded_days (
  camera TEXT NOT NULL,
  day INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  recorded_us INTEGER NOT NULL,
  PRIMARY KEY (camera, day)
) STRICT, WITHOUT ROWID;

INSERT INTO recorded_days
  SELECT camera, start_us / 86400000000, sum (size_bytes),
    sum (iif (stream = 0, end_us - start_us, 0))
  FROM segments GROUP BY 1, 2;

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

-- Growth is by far the most frequent change: it costs one row each of two small tables.
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

-- What is dropped without having been evicted turned out to be none.
CREATE TRIGGER segment_day_dropped AFTER DELETE ON segments WHEN old.state <> 3
BEGIN
  UPDATE recorded_days SET bytes = max (0, bytes - old.size_bytes),
      recorded_us = max (0, recorded_us - iif (old.stream = 0, old.end_us - old.start_us, 0))
    WHERE camera = old.camera AND day = old.start_us / 86400000000;
END;

-- The newest 400 days of each camera.
CREATE TRIGGER recorded_day_inserted AFTER INSERT ON recorded_days
BEGIN
  DELETE FROM recorded_days WHERE camera = new.camera AND day <
    (SELECT day FROM recorded_days WHERE camera = new.camera ORDER BY day DESC LIMIT 1 OFFSET 399);
END;
