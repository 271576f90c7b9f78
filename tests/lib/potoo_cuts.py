# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon whose power is cut again and again, and what is to be true when it is back.

Between two runs a while passes by the daemon's clock, and the machine has another boot id.
"""

import hashlib
import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import time
import uuid
from contextlib import closing, suppress
from pathlib import Path

from potoo_daemon import Daemon, parse_time
from potoo_ledger import check_ledger
from potoo_mp4 import BadMp4, read_movie
from potoo_power import Disk
from potoo_process import BUILD, wait_until
from potoo_recording import check_with_ffprobe, find_lost_and_doubled, read_stamps

SHIM = BUILD / 'tests' / 'faults' / 'power-cut.so'
SECOND_US = 1_000_000
SYNC_S = 2
FRAGMENT_S = 1
AUDIO_WAIT_S = 1
# Smaller than what a run of ten cuts records: eviction goes on. It takes nothing that is younger than
# two minutes, so one run must not fill it, however slow all else is.
QUOTA = '11MB'
LONGEST_RUN_S = 16
MORE_CUTS = 3
MEHD_SIZE = 8
# docs/storage.md, What a power cut can cost; and for how long the recorder waited for syncs.
DECLARED_MS = (FRAGMENT_S + AUDIO_WAIT_S + SYNC_S) * 1000
INDEX_VERSION = 1


def read_varints(blob):
    value, shift = 0, 0
    for byte in blob:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield value
            value, shift = 0, 0


def read_index(blob):
    """(size, key) of each fragment, see catalog/potoo-segment-index.h."""
    assert blob[0] == INDEX_VERSION
    numbers, size, entries = list(read_varints(blob[1:])), 0, []
    for change, rest in zip(numbers[::2], numbers[1::2]):
        size += -(change >> 1) - 1 if change & 1 else change >> 1
        entries.append((size, bool(rest & 1)))
    return entries


def find_starved_ms(process):
    """For how long the thread of @process that waited longest for a processor has waited."""
    waited = [0]
    for path in Path(f'/proc/{process.pid}/task').glob('*/schedstat'):
        with suppress(OSError):
            waited.append(int(path.read_text(encoding='ascii').split()[1]) / 1e6)
    return max(waited)


class Rows:
    """The rows of some of the time, as check_ledger() asks a daemon for them."""

    def __init__(self, segments, gaps):
        self.rows = segments, gaps

    def segments(self, camera):
        return [row for row in self.rows[0] if row['camera'] == camera]

    def gaps(self, camera):
        return [row for row in self.rows[1] if row['camera'] == camera]


class Run:
    """What is known of a run that was cut."""

    def __init__(self, began_us, streaming_us, killed_us, cut_us, cut_ns, starved_ms, disk):
        """Times are by the daemon's clock."""
        self.began_us = began_us
        self.streaming_us = streaming_us  # camera: since when
        self.killed_us = killed_us  # and started again, with the power on; None: it was not
        self.cut_us = cut_us  # before it, but not by much
        self.cut_ns = cut_ns  # the same by CLOCK_MONOTONIC
        self.starved_ms = starved_ms  # for how long camera and recorder lacked a processor
        self.end_us = cut_us + 60 * SECOND_US  # what begins later is of another run
        self.written = disk.written()  # files, whole
        self.disk = disk


class Found:
    """What the daemon tells after a start, and links to the files: eviction goes on while they are looked at."""

    def __init__(self, daemon, cameras, kept):
        self.indexes = {row['id']: row['fragments'] for row in daemon.query('SELECT * FROM segment_index')}
        self.segments, self.paths = [], {}
        listed = daemon.segments()
        files = {path.stem.rsplit('-', 1)[1]: path for path in daemon.recordings_dir.rglob('*.mp4')}
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for segment in listed:
            with suppress(KeyError, FileNotFoundError):
                path = files[segment['id']]
                os.link(path, kept / path.name)
                self.paths[segment['id']] = kept / path.name, str(path.relative_to(daemon.state_dir))
                self.segments.append(segment)
        self.gaps = {name: daemon.gaps(name) for name in cameras}


class PowerVictim:
    def __init__(self, workshop, sim, cameras, name, seed, env=None, patience_s=20):
        self.random = random.Random(seed)
        self.patience_s = patience_s
        self.sim = sim
        self.cameras = cameras
        self.clock = workshop.directory / f'{name}.clock'
        self.offset_us = 0
        self.set_clock()
        directory = workshop.directory / name
        self.root = directory / 'state' / 'recordings'
        self.kept = directory / 'kept'
        self.daemon = Daemon(
            directory,
            config={
                'storage': {'sync-interval': f'{SYNC_S}s'},
                'storage-root main': {'path': self.root, 'max-bytes': QUOTA, 'min-free': '1MB'},
            },
            env={
                'LD_PRELOAD': str(SHIM),
                'POTOO_TEST_POWER': str(directory / 'state'),
                'POTOO_TEST_CLOCK': str(self.clock),
                **(env or {}),
            },
            start=False,
        )
        workshop.made.append(self.daemon)
        self.unchecked = None  # Run
        self.found = None
        self.checked = {}  # id: (camera, size, start, hash), of segments that were looked at
        self.names = {}  # camera: names that it may have
        self.events = set()  # ids that were told of
        self.losses_ms, self.violations = [], []
        self.cuts = self.kills = self.evicted = self.rotations = self.edits = 0
        self.longest_wait_ms = 0

    def violate(self, what, *details):
        print(f'{self.daemon.directory.name}, cut {self.cuts}: {what}: {details}')
        self.violations.append(what)

    def set_clock(self):
        """The new file takes the old one's place at once: nobody reads half of it."""
        new = self.clock.with_suffix('.new')
        new.write_text(str(self.offset_us), encoding='ascii')
        new.replace(self.clock)

    def now_us(self):
        return time.time_ns() // 1000 + self.offset_us

    # --- a run ---

    def live(self, cuts):
        for n in itertools.count():
            # Cameras that are slow to send may not have filled the quota yet.
            if n >= cuts and (self.evicted > 0 or n >= cuts + MORE_CUTS):
                break
            # Now and then about or after the moment at which segments are as long as they may be.
            seconds = self.random.uniform(10.5, 14) if n % 3 == 1 or n >= cuts else self.random.uniform(0, 3.5)
            early, kill = n == 0 or self.random.random() < 0.1, self.random.random() < 0.15
            self.run(seconds, early, kill)
        _, before = self.revive()
        self.check(before)
        self.finish()

    def run(self, seconds, early=False, kill=False, keep=None):
        """Starts the daemon, looks at what the last cut left, and cuts its power after @seconds. With
        @kill it is killed then, and has its power cut a little later: what the next start took over
        from it is durable."""
        before = None
        if early:
            disk = self.prepare()
            self.cut_at_start()
            disk.replay()
        else:
            began_us = self.now_us()
            disk, before = self.revive()
            known = set(disk.written())
            starved_ms = find_starved_ms(self.sim)
            streaming_us, killed_us = self.record(seconds), None
            if kill:
                killed_us = self.now_us()
                self.kills += 1
                self.daemon.kill()
                self.daemon.start()
                streaming_us = self.record(self.random.uniform(0, 3))
            starved_ms = find_starved_ms(self.daemon) + max(0, find_starved_ms(self.sim) - starved_ms)
            cut_us, cut_ns = self.now_us(), time.monotonic_ns()
            self.daemon.kill()
            disk.replay()
            self.unchecked = Run(began_us, streaming_us, killed_us, cut_us, cut_ns, starved_ms, disk)
            self.rotations += self.count_rotations(disk.written().keys() - known, 2 if kill else 1)
        if before is not None:
            self.check(before)
        self.keep = disk.cut(self.random, keep)
        self.cuts += 1
        self.check_database()
        self.offset_us += self.random.randrange(150, 900) * SECOND_US

    def count_rotations(self, new, starts):
        """Files of a camera that are made without a start of the daemon."""
        paths = [path.split('/') for path in new if path.endswith('.mp4')]
        return sum(max(0, sum(camera in path for path in paths) - starts) for camera in self.cameras)

    def prepare(self):
        self.set_clock()
        self.daemon.env['POTOO_TEST_BOOT_ID'] = str(uuid.UUID(int=self.random.getrandbits(128)))
        return Disk(self.daemon.state_dir)

    def cut_at_start(self):
        """While it recovers from the cut before, perhaps."""
        with suppress(AssertionError):
            self.daemon.start(timeout=self.random.uniform(0, 0.5))
        self.daemon.kill()

    def start(self):
        disk = self.prepare()
        self.daemon.start()
        known = {camera['id'] for camera in self.daemon.list_all('/api/v1/cameras')}
        for name in self.cameras:
            if name not in known:
                if name in self.names:
                    self.violate('a camera is gone', name)
                self.daemon.add_camera(id=name, url=self.sim.urls[name])
                self.names[name] = {name}
        return disk

    def revive(self):
        """What the cut before left is looked at when this daemon is down: it records meanwhile."""
        disk = self.start()
        self.deadline = time.monotonic() + LONGEST_RUN_S
        before, self.unchecked = self.unchecked, None
        if before is not None:
            self.attempt(self.check_edits)
            what = 'the catalog to know all files, and no others'
            self.attempt(wait_until, self.knows_all_files, self.patience_s, what)
            self.found = self.attempt(Found, self.daemon, self.cameras, self.kept)
        return disk, before

    def record(self, seconds):
        """For @seconds. Since when each camera streams."""
        end = min(time.monotonic() + seconds, self.deadline)
        edit_at, since_us = time.monotonic() + 0.3, {}
        while time.monotonic() < end:
            if len(since_us) < len(self.cameras):
                now_us = self.now_us()
                for camera in self.daemon.list_all('/api/v1/cameras'):
                    if camera['status']['state'] == 'streaming':
                        since_us.setdefault(camera['id'], now_us)
            if time.monotonic() >= edit_at:
                self.edit()
                edit_at += self.random.uniform(0.1, 1.5)
            time.sleep(min(0.1, max(0, end - time.monotonic())))
        return since_us

    def edit(self):
        """What is answered is durable."""
        camera = self.random.choice(list(self.cameras))
        self.edits += 1
        if self.random.random() < 0.5:
            name = f'{camera} {self.edits}'
            self.daemon.patch_camera(camera, name=name)
            self.names[camera] = {name}
        else:
            body = {'camera': camera, 'kind': 'motion', 'duration': 0.5}
            status, _, answer = self.daemon.api('POST', '/api/v1/events', body)
            assert status == 201, answer
            self.events.add(answer['id'])

    # --- what a cut left ---

    def check_database(self):
        """On a copy: who opens the catalog changes it."""
        copy = self.daemon.directory / 'copy'
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for path in self.daemon.state_dir.glob('catalog.db*'):
            shutil.copy(path, copy)
        if not (copy / 'catalog.db').exists():
            return
        with closing(sqlite3.connect(copy / 'catalog.db')) as link:
            found = link.execute('PRAGMA integrity_check').fetchall()
        if found != [('ok',)]:
            self.violate('integrity_check', found)

    def attempt(self, check, *arguments):
        """One thing that is wrong keeps nothing else from being looked at, now or after the next cut."""
        try:
            return check(*arguments)
        except (AssertionError, BadMp4, LookupError, OSError) as error:
            self.violate('not as it should be', repr(error))

    def check(self, run):
        if self.found is None:
            return
        segments = [s for s in self.found.segments if parse_time(s['start']) < run.end_us]
        self.attempt(self.check_older, segments)
        # What a start that was cut off at once recorded is nobody's.
        new = [s for s in segments if s['id'] not in self.checked and parse_time(s['start']) >= run.began_us]
        for name in self.cameras:
            of_camera = [s for s in new if s['camera'] == name]
            self.attempt(self.check_camera, run, name, sorted(of_camera, key=lambda s: s['start']))

    def check_edits(self):
        for name, names in self.names.items():
            if self.daemon.camera(name)['name'] not in names | {name}:
                self.violate('an edit is lost', name, names)
        known = {event['id'] for event in self.daemon.list_all('/api/v1/events?limit=1000')}
        if not self.events <= known:
            self.violate('events are lost', self.events - known)

    def check_older(self, segments):
        """What was looked at is as it was, or evicted: the oldest first."""
        rows = {s['id']: s for s in segments}
        for id, (camera, size, start, digest) in list(self.checked.items()):
            if id not in rows:
                self.evicted += 1
                del self.checked[id]
                continue
            content = self.found.paths[id][0].read_bytes()
            if hashlib.sha256(content).digest() != digest or rows[id]['size'] != size:
                self.violate('an older segment has changed', rows[id])

    def check_camera(self, run, name, segments):
        runs = [], []  # before and after a kill
        for segment in segments:
            after = run.killed_us is not None and parse_time(segment['start']) > run.killed_us
            runs[after].extend(self.attempt(self.check_segment, run, segment) or [])
        for stamps in filter(None, runs):
            lost, doubled = find_lost_and_doubled(stamps)
            if lost or doubled:
                self.violate('frames are lost or doubled', name, lost, doubled)
        self.check_loss(run, name, segments)
        self.check_gaps(run, name, segments)

    def check_loss(self, run, name, segments):
        since_us = run.streaming_us.get(name)
        if since_us is None:
            return
        newest_us = max([since_us, *(parse_time(s['end']) for s in segments)])
        lost_ms = (run.cut_us - newest_us) / 1000
        if newest_us > since_us:
            self.losses_ms.append(lost_ms)
        wait_ms = run.disk.busy_seconds(run.cut_ns - lost_ms * 1e6, run.cut_ns) * 1000
        self.longest_wait_ms = max(self.longest_wait_ms, wait_ms)
        if lost_ms > DECLARED_MS + wait_ms + run.starved_ms:
            self.violate('too much is lost', name, lost_ms, wait_ms, run.starved_ms, self.keep)

    def check_gaps(self, run, name, segments):
        gaps = [g for g in self.found.gaps[name] if parse_time(g['start']) <= run.end_us]
        begins = min((parse_time(s['start']) for s in segments), default=run.cut_us)
        if segments:
            of_run = Rows(segments, [g for g in gaps if parse_time(g['start']) >= begins])
            self.attempt(check_ledger, of_run, name)
            # What the kill began ends where the segment began that the cut took.
            last = segments[-1]
            cause = 'power' if run.killed_us is None or parse_time(last['start']) > run.killed_us else 'crash'
            if not any(g['start'] == last['end'] and g['cause'] == cause for g in gaps):
                self.violate(f'no gap of cause {cause}', last, gaps[-2:])
        known = ('power', 'disconnected', 'crash' if run.killed_us is not None else 'power')
        bad = [g for g in gaps if g['cause'] not in known and parse_time(g['start']) >= begins]
        # What goes on from the kill's gap may have the cause that the camera told.
        since_kill = {g['end'] for g in gaps if g['cause'] == 'crash'}
        inside = [
            g
            for g in gaps
            if segments
            and begins <= parse_time(g['start']) < parse_time(segments[-1]['end'])
            and g['cause'] != 'crash'
            and g['start'] not in since_kill
        ]
        if bad or inside:
            self.violate('false gaps', name, bad, inside)

    def check_segment(self, run, segment):
        path, name = self.found.paths[segment['id']]
        content = path.read_bytes()
        digest = hashlib.sha256(content).digest()
        self.checked[segment['id']] = segment['camera'], segment['size'], segment['start'], digest
        if segment['state'] != 'closed' or segment['size'] != len(content):
            self.violate('not whole', segment, len(content), self.keep)
        movie = read_movie(path)
        index = self.read_index(segment)
        if index != [f.end - f.start for f in movie.fragments] or not index:
            self.violate('the index is of something else', segment, index)
        self.check_bytes(segment, content, run.written[name])
        complaints = check_with_ffprobe(path) if self.random.random() < 0.2 else ''
        stamps = read_stamps(path)
        if complaints or find_lost_and_doubled(stamps) != ([], []):
            self.violate('unreadable', segment, complaints, find_lost_and_doubled(stamps))
        return stamps

    def check_bytes(self, segment, content, written):
        """What was recorded, but for the duration, which is written at the end."""
        if bytes(written[: len(content)]) == content:
            return
        at = content.index(b'mehd') + 8
        end = at + MEHD_SIZE
        if content[:at] + content[end:] != bytes(written[:at]) + bytes(written[end : len(content)]):
            self.violate('other bytes than were written', segment, len(written), self.keep)

    def read_index(self, segment):
        blob = self.found.indexes.get(int(segment['id'], 16))
        return [size for size, _ in read_index(blob)] if blob else []

    def knows_all_files(self):
        files = {path.stem.rsplit('-', 1)[1] for path in self.root.rglob('*.mp4')}
        return {segment['id'] for segment in self.daemon.segments()} == files

    # --- the end ---

    def finish(self):
        for name in self.cameras:
            self.daemon.disable_camera(name)
        if self.daemon.stop() != 0:
            self.violate('no clean stop')
        command = [*self.daemon.process.command[:5], '--verify']
        found = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **self.daemon.env})
        if found.returncode != 0 or 'unlisted' in found.stdout or 'foreign' in found.stdout:
            self.violate('verification', found.returncode, found.stdout, found.stderr)
