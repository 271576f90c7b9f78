# SPDX-License-Identifier: GPL-3.0-or-later
"""What was recorded of a camera in spite of all, and whether the ledger tells the rest.

All is looked at in real time: the daemon's clock is set now and then, the simulator's is not. What
was sent is known by the stamps of its frames, which go on counting while nobody gets them.
"""

import bisect
import json
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from potoo_sei import find_lost, read_sei

SECOND = 1_000_000
OPEN, CLOSED, DAMAGED = 0, 1, 2  # catalog/potoo-catalog-segments.h
OPEN_END_US = (1 << 63) - 1
# Of rows that meet: a frame is rounding.
TOLERANCE_US = 150_000
# Of rows against stamps where a connection began: what comes first may be late, and the more so when
# the machine stands still (`pauses`).
LATE_US = 3 * SECOND
FRAGMENT_US = SECOND
# What lacks of the last second of a span is no gap (record/potoo-gap-ledger.c).
SLACK_US = SECOND
# After a delay the time line comes back to the quickest packet by so much (media/potoo-rtp-clock.c).
DRIFT = 0.03
# A disk that fails takes with it what was not synced: a gap begins, and may end, before the fault.
UNSYNCED_US = 5 * SECOND
# A camera that pauses for less, in a connection, leaves its last picture (media/potoo-fragmenter.c).
PAUSE_US = 6 * SECOND
# Frames that a bit was turned in may say anything.
STAMP_US = 50_000


def now_us():
    return time.time_ns() // 1000


CAUSES_OF_CAMERAS = ('disconnected', 'stalled', 'no-video', 'no-keyframes')


class SoakClock:
    """The daemon's: right, or two hours ahead, so that what it says is of one moment."""

    AHEAD_US = 2 * 3600 * SECOND

    def __init__(self, path):
        self.path = path
        self.begun_us = now_us()
        self.set(False)

    def set(self, ahead):
        new = self.path.with_suffix('.new')
        new.write_text(str(self.AHEAD_US if ahead else 0), encoding='ascii')
        new.replace(self.path)

    def to_real(self, wall_us):
        return wall_us - self.AHEAD_US if wall_us - self.begun_us > self.AHEAD_US // 2 else wall_us


class Pauses:
    """How long this machine let a thread that wanted to run wait: nobody else got on then, either."""

    def __init__(self):
        self.seen = []  # (start, length)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            before = now_us()
            if self.ended.wait(0.1):
                return
            self.add(before, now_us() - before - SECOND // 10)

    def add(self, start_us, length_us):
        if length_us > SECOND // 5:
            self.seen.append((start_us, length_us))

    def about(self, at_us, before_us=60 * SECOND):
        """The time that was lost shortly before @at_us."""
        return sum(n for start, n in self.seen if at_us - before_us <= start <= at_us + SECOND)

    def stop(self):
        self.ended.set()
        self.thread.join()


class Window(NamedTuple):
    """A time in which something was done to a camera."""

    start_us: int
    end_us: int
    causes: frozenset  # of gaps that may come of it
    lossy: bool  # frames may be missing inside of segments


class Segment(NamedTuple):
    """A finished one, in real time, and its frames."""

    id: int
    start_us: int
    end_us: int
    state: int
    count: int
    first: tuple  # (number, real time) of a frame
    last: tuple
    lost: int
    hole_us: int  # the longest time without a frame
    whole: bool  # all its bytes were read

    @property
    def length_us(self):
        return self.end_us - self.start_us


class Gap(NamedTuple):
    id: int
    start_us: int
    end_us: int
    cause: str


class Subject:
    """A camera: what was wanted of it, what was done to it, what there is of it."""

    def __init__(self, name, url, settings, fps, mode='continuous'):
        self.name = name
        self.url = url
        self.settings = settings
        self.period_us = SECOND // fps
        self.mode = mode
        # When it was to be recorded: (not before, surely since, surely until, not after).
        self.due = []
        self.windows = []
        self.segments = {}  # id: Segment
        self.busy = threading.Lock()  # something is being done to it
        self.base_us = None  # real time of frame 0
        self.is_lossy_all_the_time = False

    def note(self, start_us, causes=(), lossy=False, after_s=0):
        """Up to now; what comes of it may last @after_s longer."""
        end_us = now_us() + after_s * SECOND
        self.windows.append(Window(start_us, end_us, frozenset(causes), lossy))

    def is_lossy(self, start_us, end_us):
        return self.is_lossy_all_the_time or any(
            w.lossy and w.start_us < end_us and w.end_us > start_us for w in self.windows
        )

    def begin_due(self, before_us):
        self.due.append([before_us, now_us(), None, None])

    def end_due(self, before_us):
        self.due[-1][2:] = [before_us, now_us()]


def find_longest_hole(numbers):
    numbers = sorted(numbers)
    return max((after - before - 1 for before, after in zip(numbers, numbers[1:])), default=0)


def read_segment(subject, row, clock, data):
    stamps = []
    for stamp in read_sei(data):
        base_us = stamp.wall_us - stamp.number * subject.period_us
        if subject.base_us is None:
            subject.base_us = base_us
        if abs(base_us - subject.base_us) < STAMP_US:
            stamps.append(stamp)
    numbers = [stamp.number for stamp in stamps]
    edges = [(min(stamps)[0], min(stamps)[1]), (max(stamps)[0], max(stamps)[1])] if stamps else [(0, 0)] * 2
    return Segment(
        row['id'],
        clock.to_real(row['start_us']),
        clock.to_real(row['end_us']),
        row['state'],
        len(set(numbers)),
        *edges,
        len(find_lost(numbers)),
        find_longest_hole(numbers) * subject.period_us,
        len(data) == row['size_bytes'],
    )


class Observer:
    """Reads what is finished before it is evicted."""

    def __init__(self, daemon, clock, subjects):
        self.daemon = daemon
        self.clock = clock
        self.subjects = subjects
        self.roots = {}

    def look(self):
        for row in self.daemon.query('SELECT * FROM segments WHERE state IN (1, 2)'):
            subject = self.subjects.get(row['camera'])
            if subject is not None and row['id'] not in subject.segments:
                with suppress(FileNotFoundError):
                    self.read(subject, row)

    def read(self, subject, row):
        """Its directory may be away: then the next time."""
        if row['root'] not in self.roots:
            self.roots = {r['id']: Path(r['path']) for r in self.daemon.query('SELECT * FROM storage_roots')}
        found = self.roots[row['root']].glob(f'{row["camera"]}/*/*-{row["id"]:016x}.mp4')
        if (path := next(found, None)) is None:
            return
        data = path.read_bytes()[: row['size_bytes']]
        subject.segments[row['id']] = read_segment(subject, row, self.clock, data)

    def unread(self):
        rows = self.daemon.query('SELECT id, camera FROM segments WHERE state IN (1, 2)')
        return [r for r in rows if r['camera'] in self.subjects and r['id'] not in self.subjects[r['camera']].segments]

    def gaps(self, name):
        rows = self.daemon.query('SELECT * FROM gaps WHERE camera = ? AND stream = 0 ORDER BY id', name)
        return [
            Gap(
                row['id'],
                self.clock.to_real(row['start_us']),
                None if row['end_us'] == OPEN_END_US else self.clock.to_real(row['end_us']),
                row['cause'],
            )
            for row in rows
        ]


class Check:
    """Goes through one camera's time, from the one end to the other."""

    def __init__(self, subject, gaps, pauses):
        self.subject = subject
        self.pauses = pauses
        self.segments = sorted(subject.segments.values(), key=lambda s: s.start_us)
        self.steps = [gap for gap in gaps if gap.cause == 'clock-step']
        self.gaps = sorted((gap for gap in gaps if gap.cause != 'clock-step'), key=lambda g: g.start_us)
        self.violations = []
        self.unexplained = []

    def violate(self, what, *details):
        text = f'{self.subject.name}: {what}: {", ".join(map(str, details))}'
        self.violations.append(text)
        print(text)

    def run(self):
        self.check_steps()
        self.check_line()
        for gap in self.gaps:
            self.check_due(gap)
            self.check_cause(gap)
        for segment in self.segments:
            self.check_frames(segment)
        for before, after in zip(self.segments, self.segments[1:]):
            self.check_between(before, after)
        return self.violations

    def check_steps(self):
        """What the clock left out took no time, and none in which something was recorded."""
        for gap in self.steps:
            if gap.end_us is None or abs(gap.end_us - gap.start_us) > TOLERANCE_US:
                self.violate('a step of the clock that lasted', gap)
            for segment in self.segments:
                if segment.start_us + TOLERANCE_US < gap.start_us < segment.end_us - TOLERANCE_US:
                    self.violate('a step of the clock within', gap, segment)

    # --- rows against each other ---

    def check_line(self):
        """Segments and gaps follow on each other, and cover all that was due."""
        items = sorted([*self.segments, *self.gaps], key=lambda item: (item.start_us, item.end_us or 1 << 62))
        for span in self.subject.due:
            at_us, last = span[1], 'the beginning'
            for item in items:
                if item.end_us is None:
                    self.violate('a gap does not end', item)
                elif item.end_us > span[1] and item.start_us < span[2]:
                    self.check_hole(span, at_us, item.start_us, last, item)
                    at_us, last = max(at_us, item.end_us), item
            self.check_hole(span, at_us, span[2] - SLACK_US, last, 'the end')
        for before, after in zip(items, items[1:]):
            if (before.end_us or 1 << 62) - after.start_us > TOLERANCE_US:
                self.violate('two at the same time', before, after)

    def check_hole(self, span, start_us, end_us, before, after):
        if end_us - start_us > TOLERANCE_US:
            self.violate(f'{(end_us - start_us) / SECOND:.3f} s without row', before, after, span)

    def check_due(self, gap):
        """All of it was to be recorded."""
        if gap.end_us is None:
            return
        missing_us = gap.end_us - gap.start_us
        for span in self.subject.due:
            missing_us -= max(0, min(gap.end_us, span[3]) - max(gap.start_us, span[0]))
        # What was under way when it began to be due belongs to what a disk took with it.
        if missing_us > TOLERANCE_US + FRAGMENT_US:
            self.violate(f'{missing_us / SECOND:.3f} s that were not due are missing', gap, self.subject.due)

    def check_cause(self, gap):
        """Something was done that it may come of."""
        end_us = (gap.end_us or now_us()) + UNSYNCED_US
        if any(gap.cause in w.causes and w.start_us < end_us and gap.start_us < w.end_us for w in self.subject.windows):
            return
        # A machine that has too much to do may keep a camera waiting, too.
        if gap.cause in CAUSES_OF_CAMERAS:
            self.unexplained.append(gap)
        else:
            self.violate('nothing explains it', gap)

    # --- rows against what was sent ---

    def check_frames(self, segment):
        """Its frames follow on each other, and are as long as it is."""
        if segment.count == 0 or not segment.whole:
            self.violate('no frames, or not all of them', segment)
            return
        if segment.hole_us > PAUSE_US + TOLERANCE_US:
            self.violate('a hole inside', segment)
        if self.subject.is_lossy(segment.start_us - 2 * SECOND, segment.end_us + 2 * SECOND):
            return
        frames_us = segment.count * self.subject.period_us
        if segment.lost:
            self.violate('frames are missing inside', segment)
        if abs(frames_us - segment.length_us) > TOLERANCE_US + DRIFT * segment.length_us:
            self.violate(f'{frames_us / SECOND:.3f} s of frames', segment)
        loose_us = LATE_US + self.pauses.about(segment.end_us)
        if abs(segment.first[1] - segment.start_us) > loose_us:
            self.violate(f'off by {(segment.start_us - segment.first[1]) / SECOND:.3f} s', segment)

    def check_between(self, before, after):
        """As many frames are missing as rows say."""
        if after.first[0] <= before.last[0]:
            self.violate('frames are there twice, or out of order', before, after)
        missing_us = (after.first[0] - before.last[0] - 1) * self.subject.period_us
        told_us = after.start_us - before.end_us
        if told_us < TOLERANCE_US and self.subject.is_lossy(before.end_us - SECOND, after.start_us + SECOND):
            return
        allowed_us = LATE_US + self.pauses.about(after.start_us) if told_us > TOLERANCE_US else TOLERANCE_US
        if abs(missing_us - told_us) > allowed_us:
            self.violate(f'{missing_us / SECOND:.3f} s of frames are missing', before, after)

    @property
    def recorded_us(self):
        return sum(segment.length_us for segment in self.segments)

    @property
    def missing_us(self):
        return sum((gap.end_us or gap.start_us) - gap.start_us for gap in self.gaps)


def fit_slope(samples):
    """Least squares over (time, value)."""
    mean_t = sum(t for t, _ in samples) / len(samples)
    mean_v = sum(v for _, v in samples) / len(samples)
    spread = sum((t - mean_t) ** 2 for t, _ in samples)
    return sum((t - mean_t) * (v - mean_v) for t, v in samples) / spread
