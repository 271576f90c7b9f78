#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A board with 256 MB that runs four cameras: what the daemon takes at most.

Four cameras of 1080p, 4 Mb/s, with sound. Two are recorded, two wait for events, with more pre-roll than
memory allows. Somebody watches over RTSP, somebody in a browser (HLS), somebody takes pictures, and the disk
hangs for longer than memory lasts. `memory` is what Potoo gives itself where 240 MB are left by the kernel.
Resident memory is read all the time; its pages of files, libraries mostly, the kernel can drop.

The exit status is 1 when more than 176 MB were ever resident, which leaves 64 MB to all else, or a camera was
lost. In a control group with less memory, --memory=auto shows what Potoo makes of that.

    tests/bench/memory.py [--short] [--seconds=N] [--memory=SIZE]
"""

import argparse
import http.client
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / part) for part in ('', 'lib')]

from conftest import Workshop  # noqa: E402
from potoo_disk import Bench  # noqa: E402
from potoo_process import wait_until  # noqa: E402
from potoo_restream import ffmpeg  # noqa: E402

CAMERA = {
    **{'codec': 'h264', 'width': 1920, 'height': 1080, 'fps': 25, 'bitrate': 4000, 'gop': 50},
    **{'audio': 'aac', 'loop': 8},
}
RECORDED, WAITING = ('door', 'hall'), ('yard', 'garage')
MAX_RESIDENT = 176_000_000
KINDS = {'VmHWM': 'most resident', 'RssAnon': 'of it not of files, at most'}


def read_status(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        lines = dict(line.split(':', 1) for line in status)
    return {kind: int(lines[kind].split()[0]) * 1024 for kind in KINDS}


class Watcher(threading.Thread):
    """Reads what is resident, and watches a camera as a browser does, until it is stopped."""

    def __init__(self, daemon, camera):
        super().__init__(daemon=True)
        self.daemon_of_potoo, self.camera = daemon, camera
        self.most = dict.fromkeys(KINDS, 0)
        self.segments = 0
        self.stopped = threading.Event()
        self.start()

    def get(self, path):
        connection = http.client.HTTPConnection('127.0.0.1', self.daemon_of_potoo.port, timeout=30)
        connection.request('GET', path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return body if answer.status == 200 else b''

    def run(self):
        seen = set()
        while not self.stopped.wait(0.2):
            for kind, value in read_status(self.daemon_of_potoo.pid).items():
                self.most[kind] = max(self.most[kind], value)
            playlist = self.get(f'/live/{self.camera}/ts.m3u8').decode().splitlines()
            for name in [line for line in playlist if line and not line.startswith('#')]:
                if name not in seen and self.get(f'/live/{self.camera}/{name}'):
                    self.segments += 1
                seen.add(name)

    def stop(self):
        self.stopped.set()
        self.join(60)


def run(workshop, seconds, memory):
    bench = Bench(workshop, ('main',), dict.fromkeys(RECORDED + WAITING, CAMERA), {'server': {'memory': memory}})
    daemon = bench.daemon
    bench.record(0, **{name: {'record': 'event', 'pre_roll': 120} for name in WAITING})
    recorded = f'potoo_recorded_fragments_total{{camera="{RECORDED[1]}",stream="main"}}'
    wait_until(lambda: daemon.metrics().get(recorded, 0) > 0, 30, 'pictures')
    before = read_status(daemon.pid)
    watcher = Watcher(daemon, RECORDED[0])
    player = ffmpeg(f'{daemon.rtsp_url}/{RECORDED[1]}', 'h264', 'tcp', workshop.directory / 'watched')
    time.sleep(seconds / 2)
    picture = len(watcher.get(f'/api/v1/cameras/{RECORDED[1]}/snapshot.jpg'))
    bench.fail('hang')
    time.sleep(min(seconds / 3, 45))
    metrics, system = daemon.metrics(), daemon.get('/api/v1/system')['memory']
    bench.fail(None)
    time.sleep(seconds / 6)
    watcher.stop()
    states = {name: daemon.state(name) for name in RECORDED + WAITING}
    watched = len(player.stop())
    dropped = sum(v for k, v in metrics.items() if k.startswith('potoo_fragment_queue_dropped_fragments_total'))
    mb = {name: value / 1e6 for name, value in system.items()}
    print(f'\n4 cameras, 1080p25 H.264 4 Mb/s and sound, {seconds} s, memory={memory}\n')
    print(f'{"at the start":38}{before["VmHWM"] / 1e6:8.1f} MB')
    for kind, words in KINDS.items():
        print(f'{words:38}{watcher.most[kind] / 1e6:8.1f} MB')
    print(f'while the disk hung: queues {mb["queue_bytes"]:.1f} MB, pre-roll {mb["pre_roll_bytes"]:.1f} MB,')
    print(f'  catalog {mb["catalog_bytes"]:.1f} MB, resident {mb["resident_bytes"]:.1f} MB; {dropped:.0f} fragments given up')
    print(f'a picture of {picture} bytes; seen over RTSP {watched} frames, over HLS {watcher.segments} segments')
    good = picture and watched and watcher.segments and set(states.values()) == {'streaming'}
    return good and watcher.most['VmHWM'] <= MAX_RESIDENT


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--short', action='store_true')
    parser.add_argument('--seconds', type=int)
    parser.add_argument('--memory', default='120MB')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        workshop = Workshop(Path(directory))
        try:
            good = run(workshop, options.seconds or (15 if options.short else 180), options.memory)
        finally:
            workshop.close()
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
