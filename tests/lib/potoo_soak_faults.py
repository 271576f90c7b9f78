# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to a daemon, its cameras, disks, clock and peers; each is over by itself.

A fault is a method of Faults whose name is in KINDS; it takes cameras that nothing else is done to.
"""

import errno
import os
import signal
import socket
import sqlite3
import threading
import time
from collections import defaultdict
from contextlib import closing, contextmanager, suppress

from potoo_rtsp_client import RtspClient
from potoo_soak import CAUSES_OF_CAMERAS as MUTE
from potoo_soak import SECOND, now_us

GONE = ('disconnected', 'no-video')
DISK = ('disk-error', 'disk-full', 'disk-slow')
# A camera that failed again and again is tried a minute later (camera/potoo-connection-policy.c),
# and answers are waited for.
BACK_OFF_S = 90
# What was not synced goes when a disk fails, and roots are looked for every 5 s.
DISK_BACK_S = 20
MAX_CAMERAS = 4

KINDS = (
    'drop',
    'refuse',
    'reboot_loop',
    'half_open',
    'stall',
    'black_hole',
    'slow_drip',
    'time_jump',
    'sender_clock_jump',
    'corrupt',
    'lose',
    'disorder',
    'trickle',
    'swell',
    'no_keyframes',
    'silent_audio',
    'disk_hangs',
    'disk_hangs_for_long',
    'disk_fails',
    'disk_is_full',
    'disk_is_read_only',
    'disk_does_not_sync',
    'both_disks_fail',
    'both_disks_hang',
    'root_goes',
    'viewers_hang',
    'bus_restarts',
    'edits',
    'recording_is_switched_off',
    'camera_is_disabled',
    'camera_moves',
    'catalog_is_busy',
    'clock_is_set',
    'daemon_pauses',
    'cameras_pause',
)


class Faults:
    """Each is done in a thread of its own, beside others that are not over yet."""

    def __init__(self, rng, daemon, sim, bus, disk, clock, subjects, pauses):
        self.random = rng
        self.daemon = daemon
        self.sim = sim
        self.bus = bus
        self.disk = disk  # the function that sets what it does
        self.clock = clock
        self.subjects = subjects
        self.pauses = pauses
        self.roots = {}
        self.turns = defaultdict(threading.Lock)  # of what there is one of

    # --- helpers ---

    @contextmanager
    def cameras(self, n=None, audio=False):
        """Some that nothing is done to; they are let go of at the end."""
        names = [name for name in self.subjects if self.subjects[name].mode == 'continuous']
        taken = []
        for name in self.random.sample(names, len(names)):
            subject = self.subjects[name]
            if audio and subject.settings.get('audio', 'none') == 'none':
                continue
            if len(taken) < (n or self.random.randint(1, MAX_CAMERAS)) and subject.busy.acquire(blocking=False):
                taken.append(subject)
        try:
            yield taken
        finally:
            for subject in taken:
                subject.busy.release()

    def sleep(self, least, most):
        time.sleep(self.random.uniform(least, most))

    def ask(self, wanted, method, path, body):
        """As people do: again, when it is told to try again later."""
        while (answer := self.daemon.api(method, path, body))[0] == 503:
            time.sleep(0.2)
        assert answer[0] == wanted, (method, path, body, answer)

    def patch(self, name, /, **members):
        self.ask(200, 'PATCH', f'/api/v1/cameras/{name}', members)

    def afflict(self, words, undo=(), seconds=(0, 0), causes=(), lossy=False, drop=False, after_s=5, **which):
        """Gives @words to some cameras, and after a while @undo."""
        with self.cameras(**which) as subjects:
            start_us = now_us()
            for subject in subjects:
                self.sim.fault(subject.name, *words)
                if drop:
                    self.sim.fault(subject.name, 'drop')
            self.sleep(*seconds)
            for subject in subjects:
                if undo:
                    self.sim.fault(subject.name, *undo)
                subject.note(start_us, causes, lossy, after_s)

    def spoil(self, what, seconds, root):
        """A disk of all that are recorded."""
        with self.turns['disk']:
            start_us = now_us()
            self.disk(what, root)
            self.sleep(*seconds)
            self.disk(None, root)
            self.note_all(start_us, DISK, after_s=DISK_BACK_S)

    def note_all(self, *arguments, **more):
        for subject in self.subjects.values():
            subject.note(*arguments, **more)

    def any_root(self):
        return self.random.choice(list(self.roots))

    # --- cameras ---

    def drop(self):
        self.afflict(('drop',), causes=GONE, after_s=BACK_OFF_S)

    def refuse(self):
        self.afflict(('refuse', 'on'), ('refuse', 'off'), (2, 8), GONE, drop=True, after_s=BACK_OFF_S)

    def reboot_loop(self):
        self.afflict(('reboot-loop', '3/2'), ('reboot-loop', 'off'), (8, 12), GONE, after_s=BACK_OFF_S)

    def half_open(self):
        self.afflict(('half-open',), causes=MUTE, after_s=BACK_OFF_S)

    def stall(self):
        self.afflict(
            ('stall', 'on'), ('stall', 'off'), (1, 14), MUTE, lossy=True, after_s=BACK_OFF_S
        )

    def black_hole(self):
        self.afflict(
            ('black-hole', 'on'), ('black-hole', 'off'), (3, 14), MUTE, drop=True, after_s=BACK_OFF_S
        )

    def slow_drip(self):
        self.afflict(('slow-drip', '10'), ('slow-drip', '0'), (3, 14), MUTE, drop=True, after_s=BACK_OFF_S)

    def time_jump(self):
        seconds = self.random.choice(('-3600', '-5', '5', '3600'))
        self.afflict(('time-jump', seconds), causes=MUTE, lossy=True)

    def sender_clock_jump(self):
        self.afflict(('clock-jump', self.random.choice(('-3600', '3600'))))

    def corrupt(self):
        self.afflict(('corrupt', '5'), ('corrupt', '0'), (3, 8), MUTE, lossy=True, after_s=BACK_OFF_S)

    def lose(self):
        self.afflict(('lose', '5'), ('lose', '0'), (3, 8), MUTE, lossy=True)

    def disorder(self):
        """The jitter buffer of UDP puts it right; over TCP nobody does such a thing."""
        with self.cameras() as subjects:
            start_us = now_us()
            for subject in subjects:
                self.sim.fault(subject.name, 'reorder', '5')
                self.sim.fault(subject.name, 'duplicate', '5')
            self.sleep(3, 8)
            for subject in subjects:
                self.sim.fault(subject.name, 'reorder', '0')
                self.sim.fault(subject.name, 'duplicate', '0')
                subject.note(start_us, lossy=True, after_s=5)

    def trickle(self):
        self.afflict(('trickle', '60'), ('trickle', '0'), (4, 10), MUTE, lossy=True, after_s=10)

    def swell(self):
        self.afflict(('swell', '10'), ('swell', '1'), (2, 5))

    def no_keyframes(self):
        """For less than it takes to give the camera up."""
        self.afflict(
            ('no-keyframes', 'on'), ('no-keyframes', 'off'), (2, 12), MUTE, lossy=True, after_s=BACK_OFF_S
        )

    def silent_audio(self):
        self.afflict(('silent-audio', 'on'), ('silent-audio', 'off'), (2, 8), audio=True)

    # --- disks ---

    def disk_hangs(self):
        self.spoil('hang', (2, 8), self.any_root())

    def disk_hangs_for_long(self):
        self.spoil('hang', (12, 14), 'main')

    def disk_fails(self):
        self.spoil(errno.EIO, (1, 5), self.any_root())

    def disk_is_full(self):
        self.spoil(errno.ENOSPC, (1, 5), self.any_root())

    def disk_is_read_only(self):
        self.spoil(errno.EROFS, (1, 5), self.any_root())

    def disk_does_not_sync(self):
        self.spoil(f'sync {errno.EIO}', (2, 6), self.any_root())

    def both_disks_fail(self):
        self.spoil(errno.EIO, (2, 8), '')

    def both_disks_hang(self):
        """There is nowhere to go: memory holds what comes."""
        self.spoil('hang', (11, 14), '')

    def root_goes(self):
        with self.turns['disk']:
            start_us = now_us()
            root = self.roots[self.any_root()]
            away = root.with_name(f'{root.name}-away')
            root.rename(away)
            root.mkdir()
            self.sleep(3, 8)
            root.rmdir()
            away.rename(root)
            self.note_all(start_us, DISK, after_s=DISK_BACK_S)

    # --- peers ---

    def viewers_hang(self):
        """They ask, and take nothing."""
        with self.cameras(2) as subjects:
            links = []
            for subject in subjects:
                with suppress(OSError, AssertionError):
                    client = RtspClient(f'{self.daemon.rtsp_url}/{subject.name}')
                    links.append(client)
                    client.play()
                for path in (f'/live/{subject.name}/ts.m3u8', '/api/v1/changes', '/api/v1/segments?limit=1000'):
                    link = socket.socket()
                    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    link.connect(('127.0.0.1', self.daemon.port))
                    link.sendall(f'GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n'.encode())
                    links.append(link)
            self.sleep(4, 12)
            for link in links:
                link.close()

    def bus_restarts(self):
        with self.turns['bus']:
            self.bus.stop()
            self.sleep(0, 3)
            self.bus.start()

    def edits(self):
        """Of what does not touch the stream; and a camera that comes and goes."""
        with self.cameras() as subjects:
            for n in range(8):
                for subject in subjects:
                    self.patch(subject.name, name=f'Name {n}', min_days=n % 2)
                    self.patch(subject.name, min_days=0)
                time.sleep(0.3)
        with self.turns['passing']:
            url = next(iter(self.subjects.values())).url
            self.ask(201, 'POST', '/api/v1/cameras', {'id': 'passing', 'url': url})
            self.sleep(0, 3)
            self.ask(204, 'DELETE', '/api/v1/cameras/passing?recordings=delete', None)

    def interrupt(self, off, on, causes=()):
        """Nothing is to be recorded for a while."""
        with self.cameras() as subjects:
            start_us = now_us()
            for subject in subjects:
                before_us = now_us()
                self.patch(subject.name, **off)
                subject.end_due(before_us)
            self.sleep(0, 5)
            for subject in subjects:
                before_us = now_us()
                self.patch(subject.name, **on)
                subject.begin_due(before_us)
                subject.note(start_us, causes, after_s=10)

    def recording_is_switched_off(self):
        self.interrupt({'record': 'off'}, {'record': 'continuous'}, GONE)

    def camera_is_disabled(self):
        self.interrupt({'enabled': False}, {'enabled': True}, MUTE)

    def camera_moves(self):
        with self.cameras() as subjects:
            start_us = now_us()
            for subject in subjects:
                self.patch(subject.name, url='rtsp://127.0.0.1:9/nowhere')
            self.sleep(1, 6)
            for subject in subjects:
                self.patch(subject.name, url=subject.url)
                subject.note(start_us, MUTE, after_s=10)

    # --- the machine ---

    def catalog_is_busy(self):
        """Somebody else has it, for longer than is waited for."""
        with self.turns['catalog'], closing(sqlite3.connect(self.daemon.state_dir / 'catalog.db', isolation_level=None)) as link:
            link.execute('PRAGMA busy_timeout = 10000')
            link.execute('BEGIN IMMEDIATE')
            self.sleep(4, 10)
            link.execute('ROLLBACK')

    def clock_is_set(self):
        """Forward and back: all that is recorded meanwhile is dated two hours later."""
        with self.turns['clock']:
            self.clock.set(True)
            self.sleep(6, 12)
            self.clock.set(False)

    def daemon_pauses(self):
        self.pause(self.daemon.pid, 1, 3)

    def cameras_pause(self):
        self.pause(self.sim.pid, 1, 3)

    def pause(self, pid, least, most):
        with self.turns['pause']:
            start_us = now_us()
            os.kill(pid, signal.SIGSTOP)
            self.sleep(least, most)
            os.kill(pid, signal.SIGCONT)
        self.pauses.add(start_us, now_us() - start_us)
        for subject in self.subjects.values():
            subject.note(start_us, MUTE, lossy=subject.settings.get('transport') == 'udp', after_s=5)
