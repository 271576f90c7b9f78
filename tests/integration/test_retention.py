# SPDX-License-Identifier: GPL-3.0-or-later
"""What is deleted, and when: 8 fast cameras on a small storage root, a day a minute.

POTOO_RETENTION_MINUTES  for how long (1; `scripts/test retention-long` says 60)
"""

import os
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from potoo_clock import DAY_S, StepClock
from potoo_daemon import parse_time
from potoo_process import wait_until
from potoo_recording import check_is_one_run

MINUTES = float(os.environ.get('POTOO_RETENTION_MINUTES', '1'))
DAY_REAL_S = 60
DAY_US = DAY_S * 1_000_000
QUOTA = 46_000_000
CAMERAS = [f'cam-{i}' for i in range(8)]
GUARDED = 'cam-0'  # a day of it is guaranteed
MARKED = 'cam-1'  # has an event
LOCKED = 'cam-2'  # has a lock
LIMITED = 'cam-3'  # has a limit of its own, and more to record
LIMIT = 10_000_000
FAST = {'fps': 50, 'gop': 25, 'bitrate': 600}
FASTER = {**FAST, 'bitrate': 2400}
CONTINUOUS, EVENT, LOCK = 0, 1, 2
OPEN, CLOSED = 0, 1
BATCH_MAX = 'potoo_eviction_batch_max_seconds{root="main"}'
SYNC_MAX = 'potoo_storage_sync_max_seconds{root="main"}'


def list_files(directory):
    """Size by path of the files that are there all the while: others go as we look."""
    sizes = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = Path(folder) / name
            with suppress(FileNotFoundError):
                sizes[path] = path.stat().st_size
    return sizes


@dataclass
class Observer:
    """Looks every now and then, and knows what was there before."""

    daemon: object
    clock: StepClock
    known: dict = field(default_factory=dict)  # id: row, of what is not deleted
    deleted: dict = field(default_factory=dict)
    largest: int = 0
    most_used: int = 0

    def look(self):
        now_us = self.clock.now_us
        rows = self.daemon.query('SELECT * FROM segments WHERE state <> 3')
        found = {row['id']: row for row in rows}
        gone = [row for id, row in self.known.items() if id not in found]
        self.check_order(gone, [row for row in rows if row['state'] != OPEN])
        self.check_guarantee(gone, now_us)
        self.known = found
        self.deleted.update((row['id'], row) for row in gone)
        self.check_quota(rows)

    def days_kept(self):
        """How old the oldest of each camera is that nothing protects."""
        return {
            name: (self.clock.now_us - self.oldest_us(name)) / DAY_US
            for name in CAMERAS
        }

    def bytes_by_day(self, camera):
        """Of all that was recorded, also what is deleted; by the day in which a segment begins."""
        days = Counter()
        for row in [*self.known.values(), *self.deleted.values()]:
            if row['camera'] == camera:
                days[row['start_us'] // DAY_US] += row['size_bytes']
        return days

    def oldest_us(self, camera):
        return min(
            row['start_us']
            for row in self.known.values()
            if row['camera'] == camera and row['class'] == CONTINUOUS
        )

    def check_order(self, gone, kept):
        """The oldest first, and nothing of an event while there is something else."""
        plain = [row for row in kept if row['class'] == CONTINUOUS and row['camera'] not in (GUARDED, LIMITED)]
        for row in gone:
            assert row['class'] != LOCK, row
            if row['class'] == EVENT:
                assert plain == [], row
        taken = [row['end_us'] for row in gone if row['class'] == CONTINUOUS and row['camera'] not in (GUARDED, LIMITED)]
        if taken and plain:
            assert max(taken) <= min(row['end_us'] for row in plain)

    def check_guarantee(self, gone, now_us):
        for row in gone:
            if row['camera'] == GUARDED:
                assert row['end_us'] < now_us - DAY_US, (row, now_us)

    def check_quota(self, rows):
        """What lies on the disk: rows may be behind."""
        sizes = list_files(self.daemon.recordings_dir)
        self.largest = max([self.largest, *sizes.values()])
        self.most_used = max(self.most_used, sum(sizes.values()))
        assert sum(sizes.values()) <= QUOTA + self.largest
        limited = sum(size for path, size in sizes.items() if path.parts[-3] == LIMITED)
        assert limited <= LIMIT + self.largest


def mark_and_lock(daemon):
    """An event and a lock over what was recorded of their cameras a while ago."""
    marked = sorted(daemon.segments(MARKED), key=lambda row: row['start'])[2:5]
    body = {'camera': MARKED, 'kind': 'bookmark', 'title': 'deer'}
    for segment in marked:
        status, _, answer = daemon.api('POST', '/api/v1/events', {**body, 'start': segment['start']})
        assert status == 201, answer
    locked = sorted(daemon.segments(LOCKED), key=lambda row: row['start'])[2:5]
    status, _, answer = daemon.api(
        'POST',
        '/api/v1/locks',
        {'camera': LOCKED, 'start': locked[0]['start'], 'end': locked[-1]['end'], 'reason': 'proof'},
    )
    assert status == 201, answer
    return {row['id'] for row in marked + locked}


def check_files_and_rows(daemon):
    """No file without a row, no row without a file, no empty directory."""
    rows = daemon.query('SELECT id, state, size_bytes FROM segments')
    assert all(row['state'] == CLOSED for row in rows), rows
    by_id = {f'{row["id"]:016x}': row['size_bytes'] for row in rows}
    files = {path.stem[-16:]: path.stat().st_size for path in daemon.recordings_dir.glob('*/*/*.mp4')}
    assert files == by_id
    for directory in [p for p in daemon.recordings_dir.rglob('*') if p.is_dir()]:
        assert any(directory.iterdir()), directory


def test_a_day_a_minute(sim, make_daemon, tmp_path):
    cameras = sim({name: FASTER if name == LIMITED else FAST for name in CAMERAS})
    # An hour and a half before midnight: the first day is no whole one.
    clock = StepClock(tmp_path / 'clock', (time.time() // DAY_S + 2) * DAY_S - 5400, DAY_REAL_S)
    daemon = make_daemon(
        config={
            'storage': {'sync-interval': '1s'},
            'storage-root main': {
                'path': tmp_path / 'root',
                'max-bytes': QUOTA,
                'min-free': '1M',
            },
        },
        env=clock.env,
    )
    daemon.recordings_dir = tmp_path / 'root'
    settings = {GUARDED: {'min_days': 1}, LIMITED: {'max_bytes': LIMIT}}
    for name in CAMERAS:
        daemon.add_camera(id=name, url=cameras.urls[name], **settings.get(name, {}))
    for name in CAMERAS:
        daemon.wait_state(name, 'streaming')
    observer = Observer(daemon, clock)
    clock.start()
    try:
        protected = observe(observer, MINUTES)
    finally:
        clock.stop()
    for name in CAMERAS:
        daemon.disable_camera(name)
    observer.look()
    metrics = daemon.metrics()
    for name in CAMERAS:
        label = f'{{camera="{name}",stream="main"}}'
        assert metrics[f'potoo_fragment_queue_dropped_fragments_total{label}'] == 0
        assert check_is_one_run(daemon, name, protected) > 100
        assert {gap['cause'] for gap in daemon.gaps(name)} <= {'disconnected', 'clock-step'}
    assert daemon.stop() == 0
    check_files_and_rows(daemon)
    print(
        f'{len(observer.deleted)} segments deleted; at most {observer.most_used} bytes on the disk; '
        f'longest batch {metrics[BATCH_MAX]} s, longest sync {metrics[SYNC_MAX]} s'
    )


def observe(observer, minutes):
    """For @minutes from the first midnight on, and a while; returns the ids that must be there in the end."""
    daemon, clock = observer.daemon, observer.clock
    midnight_us = (clock.now_us // DAY_US + 1) * DAY_US
    days = int(minutes * 60 / DAY_REAL_S)
    protected, forecast, kept = set(), None, []
    while clock.now_us < midnight_us + days * DAY_US + DAY_US // 5:
        time.sleep(1)
        observer.look()
        if not protected and clock.now_us > midnight_us + DAY_US // 8:
            protected = mark_and_lock(daemon)
        if clock.now_us > midnight_us + (1 if forecast is None else forecast.day + 1) * DAY_US:
            forecast = Forecast.take(observer, midnight_us)
            kept = []
        if forecast is not None:
            kept.append(observer.days_kept())
    forecast.check_days_kept(kept)
    assert protected <= {row['id'] for row in daemon.segments()}
    return protected


@dataclass
class Forecast:
    """What was foreseen at some moment, and what is known of it."""

    day: int  # whole days since the first midnight
    now_us: int
    cameras: dict  # as /api/v1/storage has them

    @classmethod
    def take(cls, observer, midnight_us):
        now_us = observer.clock.now_us
        # The daemon may not have read it yet.
        wait_until(
            lambda: parse_time(observer.daemon.get('/api/v1/system')['time']) >= now_us, 5, 'the clock'
        )
        cameras = observer.daemon.get('/api/v1/storage')['cameras']
        by_id = {camera['id']: camera for camera in cameras}
        forecast = cls((now_us - midnight_us) // DAY_US, now_us, by_id)
        forecast.check_rates(observer)
        return forecast

    def check_rates(self, observer):
        """The mean of the last whole days, up to a week; the first one is none."""
        today = self.now_us // DAY_US
        for name in CAMERAS:
            days = observer.bytes_by_day(name)
            last = [size for day, size in sorted(days.items()) if day < today][1:][-7:]
            assert self.cameras[name]['bytes_per_day'] == pytest.approx(sum(last) / len(last), rel=0.03), name

    def check_days_kept(self, kept):
        """@kept: days by camera, at each look since."""
        for name in CAMERAS:
            days = sum(look[name] for look in kept) / len(kept)
            print(f'{name}: kept for {days:.3f} days, foreseen {self.cameras[name]["days_kept"]}')
            assert self.cameras[name]['days_kept'] == pytest.approx(days, rel=0.1), name
