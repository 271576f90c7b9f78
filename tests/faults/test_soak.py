# SPDX-License-Identifier: GPL-3.0-or-later
"""Sixteen cameras, and something goes wrong every 20 s: nothing is missing that has no row, no row is
of what was recorded, and memory does not grow.

POTOO_SOAK_S: for how long (180; `scripts/test soak-long` takes 1800), POTOO_SOAK_EVERY_S: a fault
so often (20), POTOO_SEED: to repeat the order of faults, POTOO_SOAK_KINDS: these faults only.
"""

import os
import random
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from potoo_process import BUILD, read_process, wait_until
from potoo_soak import (
    SECOND,
    Check,
    Observer,
    Pauses,
    SoakClock,
    Subject,
    fit_slope,
    now_us,
)
from potoo_soak_faults import KINDS, MUTE, Faults

SOAK_S = int(os.environ.get('POTOO_SOAK_S', 180))
EVERY_S = float(os.environ.get('POTOO_SOAK_EVERY_S', 20))
SEED = int(os.environ.get('POTOO_SEED', time.time_ns() % 1_000_000))
CHOSEN = tuple(os.environ['POTOO_SOAK_KINDS'].split(',')) if 'POTOO_SOAK_KINDS' in os.environ else KINDS
# By which the line through the last two thirds may rise from its one end to the other: heaps fill up,
# and a camera that has just sent ten times as much is seen in it. In 3 minutes that is 8 MB a minute, in
# 30 it is 0.8.
MAX_GROWTH_MB = 16
QUIET_S = 8  # at the end: what is done has its effect a little later
EVENT_EVERY_S = 11
EVENT_S = 3
POST_ROLL_S = 2
FPS = 10
SHIM = BUILD / 'tests' / 'faults' / 'disk-faults.so'
# Small pictures: it is not the media that makes the work.
SMALL = {'width': 160, 'height': 120, 'fps': FPS, 'gop': FPS, 'bitrate': 50}
# Less than what is recorded there: eviction goes on.
QUOTA = '20MB'


def settings_of(n):
    settings = {**SMALL, 'codec': ('h264', 'h265')[n % 2], 'audio': 'aac' if n % 5 == 0 else 'none'}
    if n in (3, 4):
        settings['transport'] = 'udp'
    return settings


class Soak:
    def __init__(self, workshop):
        self.random = random.Random(SEED)  # of the order alone: threads draw in any
        self.directory = workshop.directory
        settings = {f'cam-{n}': settings_of(n) for n in range(16)}
        streams = {name: {k: v for k, v in s.items() if k != 'transport'} for name, s in settings.items()}
        self.sim = workshop.sim(streams)
        self.bus = workshop.bus()
        self.clock = SoakClock(self.directory / 'clock')
        self.disks = self.directory / 'disks'
        self.disks.mkdir()
        self.daemon = self.start(workshop)
        self.pauses = Pauses()
        self.subjects = {
            name: Subject(name, self.sim.urls[name], s, FPS, 'event' if name == 'cam-15' else 'continuous')
            for name, s in settings.items()
        }
        self.observer = Observer(self.daemon, self.clock, self.subjects)
        self.faults = Faults(
            random.Random(SEED), self.daemon, self.sim, self.bus, self.disk, self.clock, self.subjects, self.pauses
        )
        self.faults.roots = {name: self.disks / name for name in ('main', 'spare')}
        self.deck, self.counts, self.samples, self.running = [], Counter(), [], []
        self.events = 0

    def start(self, workshop):
        options = os.environ.get('ASAN_OPTIONS', '')
        return workshop.daemon(
            config={
                'server': {'log-level': 'info'},
                'storage': {'sync-interval': '1s'},
                'storage-root main': {
                    'path': self.disks / 'main', 'priority': 60, 'min-free': '1MB', 'max-bytes': QUOTA,
                },
                'storage-root spare': {'path': self.disks / 'spare', 'priority': 50, 'min-free': '1MB'},
            },
            env={
                'LD_PRELOAD': str(SHIM),
                'POTOO_TEST_DISK': str(self.directory / 'disk'),
                'POTOO_TEST_CLOCK': str(self.clock.path),
                'ASAN_OPTIONS': f'{options}:verify_asan_link_order=0',
                **self.bus.env,
            },
        )

    def disk(self, what, root):
        new = self.directory / 'disk.new'
        new.write_text(f'{self.disks / root}\n{what}\n' if what else '')
        new.rename(self.directory / 'disk')

    def begin(self):
        for name, subject in self.subjects.items():
            members = {'transport': subject.settings.get('transport', 'auto'), 'record': subject.mode}
            if subject.mode == 'event':
                members.update(pre_roll=2, post_roll=POST_ROLL_S)
            before_us = now_us()
            self.daemon.add_camera(id=name, url=subject.url, **members)
            if subject.mode == 'continuous':
                subject.begin_due(before_us)
            subject.note(before_us, MUTE, after_s=10)
        wait_until(self.all_are_recorded, 60, 'all cameras to be recorded')

    def all_are_recorded(self):
        rows = self.daemon.query('SELECT camera FROM segments WHERE state = 0')
        return len({row['camera'] for row in rows}) == len(self.subjects) - 1

    # --- the time in which things go wrong ---

    def run(self):
        end = time.monotonic() + SOAK_S
        due = {
            self.spoil: (EVERY_S / 2, EVERY_S),
            self.happen: (5, EVENT_EVERY_S),
            self.observer.look: (3, 3),
            self.sample: (0, 1),
        }
        at = {function: time.monotonic() + first for function, (first, _) in due.items()}
        with ThreadPoolExecutor(16) as self.pool:
            while (now := time.monotonic()) < end:
                for function, (_, every) in due.items():
                    if at[function] <= now:
                        if now < end - QUIET_S or function not in (self.spoil, self.happen):
                            function()
                        at[function] += every
                time.sleep(max(0, min([end, *at.values()]) - time.monotonic()))
            for future in self.running:
                future.result()

    def spoil(self):
        """Each kind has its turn before one comes twice."""
        self.deck = self.deck or self.random.sample(CHOSEN, len(CHOSEN))
        kind = self.deck.pop()
        self.counts[kind] += 1
        print(f'{time.strftime("%H:%M:%S", time.gmtime())} {kind}', flush=True)
        self.running.append(self.pool.submit(getattr(self.faults, kind)))

    def happen(self):
        subject = self.subjects['cam-15']
        before_us = now_us()
        body = {'camera': 'cam-15', 'kind': 'motion', 'duration': EVENT_S}
        status, _, answer = self.daemon.api('POST', '/api/v1/events', body)
        assert status in (201, 503), answer
        self.events += status == 201
        length_us = (EVENT_S + POST_ROLL_S) * SECOND
        # One that is refused may have been begun with.
        sure_until_us = before_us + length_us if status == 201 else before_us
        subject.due.append([before_us, now_us(), sure_until_us, now_us() + length_us])

    def sample(self):
        self.samples.append((time.monotonic(), *read_process(self.daemon.pid)))

    # --- what came of it ---

    def finish(self):
        for name, subject in self.subjects.items():
            before_us = now_us()
            self.faults.patch(name, enabled=False)
            if subject.mode == 'continuous':
                subject.end_due(before_us)
        wait_until(self.is_settled, 60, 'all segments and gaps to end')
        self.observer.look()

    def is_settled(self):
        open_segments = self.daemon.query('SELECT id FROM segments WHERE state IN (0, 3)')
        open_gaps = self.daemon.query('SELECT id FROM gaps WHERE end_us = 9223372036854775807')
        return not open_segments and not open_gaps

    def check(self):
        self.note_lost_packets()
        checks = {
            name: Check(subject, self.observer.gaps(name), self.pauses)
            for name, subject in self.subjects.items()
        }
        violations = [violation for check in checks.values() for violation in check.run()]
        for name, check in checks.items():
            violations += self.check_coverage(name, check)
        if unread := self.observer.unread():
            violations.append(f'not read: {unread}')
        return checks, violations

    def note_lost_packets(self):
        """Over UDP they may be lost on the way, which is counted."""
        for key, lost in self.daemon.metrics().items():
            for name, subject in self.subjects.items():
                if key.startswith('potoo_stream_packets_lost_total{') and f'"{name}"' in key and lost > 0:
                    subject.is_lossy_all_the_time = subject.settings.get('transport') == 'udp'

    def check_coverage(self, name, check):
        """What the API says of the days is what the rows say, to 0.1 %."""
        day = timedelta(days=1)
        start, end = (f'{datetime.now(timezone.utc) + n * day:%Y-%m-%dT%H:%M:%SZ}' for n in (-1, 1))
        days = self.daemon.get(f'/api/v1/cameras/{name}/coverage?time_zone=UTC&start={start}&end={end}')['items']
        keys = ('recorded_seconds', 'deleted_seconds', 'missing_seconds')
        told = {key: sum(day[key] for day in days) for key in keys}
        recorded_s, missing_s = check.recorded_us / SECOND, check.missing_us / SECOND
        allowed_s = 0.1 + 0.001 * (recorded_s + missing_s)
        if (
            abs(told['recorded_seconds'] + told['deleted_seconds'] - recorded_s) > allowed_s
            or abs(told['missing_seconds'] - missing_s) > allowed_s
        ):
            return [f'{name}: coverage {told}, by rows {recorded_s:.3f} s recorded, {missing_s:.3f} s missing']
        return []


@pytest.fixture
def soak(workshop):
    return Soak(workshop)


def wait_as_before(pid, before):
    """Threads and open files are no more than they were; a few come and go."""

    def look():
        _, threads, files = read_process(pid)
        return threads <= before[1] + 2 and files <= before[2] + 4

    try:
        wait_until(look, 60, 'threads and files to be as before')
    except AssertionError as error:
        raise AssertionError(f'{error}: {before}, {read_process(pid)}') from None


def summarize(soak, checks, warm, slope):
    segments = [segment for check in checks.values() for segment in check.segments]
    gaps = [gap for check in checks.values() for gap in check.gaps]
    rows = Counter(gap.cause for gap in gaps)
    recorded_us = sum(check.recorded_us for check in checks.values())
    missing_us = sum(check.missing_us for check in checks.values())
    return (
        f'\nsoak of {SOAK_S} s with {len(checks)} cameras (POTOO_SEED={SEED}): {soak.counts.total()} faults '
        f'{dict(soak.counts)}, {soak.events} events; {sum(s.count for s in segments)} frames in '
        f'{len(segments)} segments, {sum(s.lost for s in segments)} missing inside of them by loss; '
        f'{len(gaps)} gaps {dict(rows)}, {sum(len(check.unexplained) for check in checks.values())} '
        f'of them unexplained, {missing_us / SECOND:.1f} s of '
        f'{(recorded_us + missing_us) / SECOND:.1f} s; RSS {warm[0][1] / 1e6:.1f} to {warm[-1][1] / 1e6:.1f} MB, '
        f'{slope:+.2f} MB/min; threads {warm[0][2]} to {warm[-1][2]}, files {warm[0][3]} to {warm[-1][3]}; '
        f'pauses of the machine {sum(n for _, n in soak.pauses.seen) / SECOND:.1f} s'
    )


def test_soak(soak, capsys):
    print(f'POTOO_SEED={SEED}')
    soak.begin()
    before = read_process(soak.daemon.pid)
    soak.run()
    wait_as_before(soak.daemon.pid, before)
    soak.finish()
    checks, violations = soak.check()
    assert soak.daemon.stop() == 0
    command = [*soak.daemon.process.command[:5], '--verify']
    verified = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if verified.returncode != 0 or 'unlisted' in verified.stdout:
        violations.append(f'verification: {verified.stdout}')
    warm = soak.samples[len(soak.samples) // 3 :]
    slope = fit_slope([(t / 60, rss / 1e6) for t, rss, _, _ in warm])
    print(verified.stdout, verified.stderr)
    print('RSS in MB, each 10 s:', [round(rss / 1e6, 1) for _, rss, _, _ in soak.samples[::10]])
    with capsys.disabled():
        print(summarize(soak, checks, warm, slope))
    assert violations == []
    assert slope * (warm[-1][0] - warm[0][0]) / 60 < MAX_GROWTH_MB
