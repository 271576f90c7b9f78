# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon whose disks fail on command (tests/faults/disk-faults.c), and what it may lose by that."""

import os
import time

from potoo_daemon import parse_time
from potoo_ledger import check_ledger
from potoo_process import BUILD, wait_until
from potoo_recording import check_with_ffprobe, find_lost_and_doubled, read_stamps

SHIM = BUILD / 'tests' / 'faults' / 'disk-faults.so'
FPS = 25
GOP_S = 2
SYNC_S = 1
# What was not synced when a disk fails: the rest of its GOP goes with it.
MAX_LOSS_S = SYNC_S + 1.5 + GOP_S
CAMERAS = {'door': {'gop': FPS * GOP_S, 'audio': 'aac'}, 'yard': {'gop': FPS * GOP_S}}


PRIORITIES = {'main': 60, 'spare': 50}


class Bench:
    """A daemon with the roots of @names, `main` before `spare`, and cameras that record.

    @config: more groups of potoo.conf."""

    def __init__(self, workshop, names=('main', 'spare'), cameras=None, config=None):
        self.directory = workshop.directory
        self.command = self.directory / 'disk'
        self.roots = {name: self.directory / name for name in names}
        self.cameras = cameras or CAMERAS
        config = {'storage': {'sync-interval': f'{SYNC_S}s'}, **(config or {})}
        for name, path in self.roots.items():
            config[f'storage-root {name}'] = {
                'path': path,
                'priority': PRIORITIES[name],
                'min-free': '1MB',
            }
        self.sim = workshop.sim(self.cameras)
        options = os.environ.get('ASAN_OPTIONS', '')
        self.daemon = workshop.daemon(
            config=config,
            env={
                'LD_PRELOAD': str(SHIM),
                'POTOO_TEST_DISK': str(self.command),
                'ASAN_OPTIONS': f'{options}:verify_asan_link_order=0',
            },
        )

    def record(self, seconds=4, **settings):
        """@settings: of the camera that the name says."""
        for name in self.cameras:
            self.daemon.add_camera(id=name, url=self.sim.urls[name], **settings.get(name, {}))
        for name in self.cameras:
            self.daemon.wait_state(name, 'streaming')
        time.sleep(seconds)

    def fail(self, what, root='main'):
        """What writes and syncs on @root do from now on: an errno, `hang`, or None: work; `sync 5`
        is errno 5 of syncs alone."""
        new = self.directory / 'disk.new'
        new.write_text(f'{self.roots[root]}\n{what}\n' if what else '')
        new.rename(self.command)

    def root(self, name):
        return next(r for r in self.daemon.get('/api/v1/storage')['roots'] if r['name'] == name)

    def wait_root(self, name, state, timeout=15):
        def look():
            root = self.root(name)
            return root if root['state'] == state else None

        root = wait_until(look, timeout, f'{name} to be {state}')
        assert (root['reason'] is None) == (state == 'ok'), root
        return root

    def path(self, segment):
        found = [p for root in self.roots.values() for p in root.glob(f'*/*/*-{segment["id"]}.mp4')]
        assert len(found) == 1, (segment, found)
        return found[0]

    def finish(self, camera):
        """All segments of @camera, in order, and the gaps that no disconnection made."""
        segments = sorted(self.daemon.disable_camera(camera), key=lambda s: s['start'])
        check_ledger(self.daemon, camera)
        gaps = [g for g in self.daemon.gaps(camera) if g['cause'] != 'disconnected']
        return segments, gaps

    def stamps(self, segments):
        """Of what the rows say, which may be less than what a damaged file holds."""
        return [s for row in segments for s in read_stamps(self.path(row), 0, row['size'])]

    def check_playable(self, segments):
        for segment in segments:
            if segment['state'] == 'closed':
                assert check_with_ffprobe(self.path(segment)) == ''

    def used_roots(self, segments):
        return [next(n for n, p in self.roots.items() if p in self.path(s).parents) for s in segments]


def seconds_of(gaps):
    return sum(parse_time(gap['end']) - parse_time(gap['start']) for gap in gaps) / 1e6


def check_loss(stamps, gaps):
    """Frames are missing only where a gap says so."""
    lost, doubled = find_lost_and_doubled(stamps)
    assert doubled == []
    assert abs(len(lost) - seconds_of(gaps) * FPS) <= 2 * len(gaps), (lost, gaps)
    numbers = {stamp.number: stamp.wall_us for stamp in stamps}
    for number in lost:
        before = max(n for n in numbers if n < number)
        at_us = numbers[before] + (number - before) * 1_000_000 // FPS
        assert any(
            parse_time(g['start']) - 200_000 <= at_us <= parse_time(g['end']) + 200_000 for g in gaps
        ), (number, at_us, gaps)
    return lost
