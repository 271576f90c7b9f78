# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at random moments: what was cut off is repaired, and hardly anything is missing.

POTOO_KILLS: how many (30; `scripts/test kill9-long` takes 300), POTOO_SEED: to repeat a run.
"""

import os
import random
import threading
import time

import pytest
from potoo_daemon import parse_time
from potoo_ledger import check_ledger
from potoo_mp4 import read_movie
from potoo_process import wait_until
from potoo_recording import check_with_ffprobe, find_lost_and_doubled, read_stamps

KILLS = int(os.environ.get('POTOO_KILLS', 30))
SEED = int(os.environ.get('POTOO_SEED', time.time_ns() % 1_000_000))
DAEMONS = 3  # beside each other, each killed KILLS / DAEMONS times
FRAGMENT_S = 1
AUDIO_WAIT_S = 1
SYNC_S = 2
# Declared in docs/storage.md: a fragment, its wait for audio, the sync interval, an fdatasync.
DECLARED_LOSS_US = int((FRAGMENT_S + AUDIO_WAIT_S + SYNC_S + 0.5) * 1e6)
CAMERAS = {
    'with-audio': {'codec': 'h264', 'audio': 'aac'},
    'video-only': {'codec': 'h265'},
}


class Victim:
    """One daemon that is killed again and again."""

    def __init__(self, workshop, sim, number):
        self.random = random.Random(SEED + number)
        self.sim = sim
        self.daemon = workshop.daemon(directory=workshop.directory / f'victim-{number}')
        self.checked = set()  # segments that were looked at after their kill
        self.losses_us = []
        for name in CAMERAS:
            self.daemon.add_camera(id=name, url=sim.urls[name])

    def run_and_kill(self):
        """(wall time since which all cameras stream, wall time of the kill)"""
        for name in CAMERAS:
            self.daemon.wait_state(name, 'streaming')
        streaming_us = time.time_ns() // 1000
        time.sleep(self.random.uniform(0, 8))
        killed_us = time.time_ns() // 1000
        self.daemon.kill()
        return streaming_us, killed_us

    def check(self, streaming_us, killed_us):
        """After the restart: the files of the run before."""
        for name in CAMERAS:
            segments = [
                s
                for s in self.daemon.segments(name)
                if parse_time(s['start']) < killed_us and s['id'] not in self.checked
            ]
            for segment in segments:
                self.check_segment(segment)
                self.checked.add(segment['id'])
            newest_us = max([streaming_us, *(parse_time(s['end']) for s in segments)])
            assert killed_us - newest_us <= DECLARED_LOSS_US, (name, streaming_us, segments)
            if segments:
                self.losses_us.append(killed_us - newest_us)
                crashes = [g for g in self.daemon.gaps(name) if g['cause'] == 'crash']
                assert any(g['start'] == segments[-1]['end'] for g in crashes), (segments, crashes)

    def check_segment(self, segment):
        assert segment['state'] == 'closed', segment
        path = self.daemon.segment_path(segment)
        movie = read_movie(path)  # whole fragments and nothing behind them
        assert segment['size'] == path.stat().st_size
        assert movie.fragments, path
        assert movie.mehd_duration / movie.movie_timescale == pytest.approx(
            movie.duration_s(), abs=0.04
        )
        assert check_with_ffprobe(path) == ''
        stamps = read_stamps(path)
        assert find_lost_and_doubled(stamps) == ([], [])

    def knows_all_files(self):
        files = {path.stem.rsplit('-', 1)[1] for path in self.daemon.recordings_dir.rglob('*.mp4')}
        return {segment['id'] for segment in self.daemon.segments()} == files

    def live(self, kills):
        for _ in range(kills):
            streaming_us, killed_us = self.run_and_kill()
            self.daemon.start()
            self.check(streaming_us, killed_us)
        for name in CAMERAS:
            self.daemon.wait_state(name, 'streaming')
            self.daemon.disable_camera(name)
        # No file is there that the catalog does not know, nor the other way round; rows follow files.
        wait_until(self.knows_all_files, 5, 'the catalog to know all files, and no others')
        for name in CAMERAS:
            check_ledger(self.daemon, name)
        self.daemon.close()


def test_kill_at_random_moments(workshop):
    print(f'{KILLS} kills, POTOO_SEED={SEED}')
    sim = workshop.sim(CAMERAS)
    victims, errors = [], []

    def live(number):
        # A daemon dies with the thread that started it.
        try:
            victim = Victim(workshop, sim, number)
            victims.append(victim)
            victim.live(KILLS // DAEMONS)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=live, args=(n,)) for n in range(DAEMONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    losses_us = [loss for victim in victims for loss in victim.losses_us]
    print(f'lost at a kill: at most {max(losses_us, default=0) / 1e6:.2f} s of {len(losses_us)}')
    if errors:
        raise errors[0]
    assert sum(len(victim.checked) for victim in victims) > KILLS // 2
