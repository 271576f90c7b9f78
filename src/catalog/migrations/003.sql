-- SPDX-License-Identifier: GPL-3.0-or-later
-- Times of a segment may be corrected after its file was named, when a clock that was wrong is set;
-- and the camera's own clock is known.

-- By how much they were: start_us - shift_us is the time in the file's name, and in the file.
ALTER TABLE segments ADD COLUMN shift_us INTEGER NOT NULL DEFAULT 0;

-- The camera's clock minus ours, by its newest RTCP sender report; NULL: none told.
ALTER TABLE segments ADD COLUMN clock_offset_us INTEGER;
