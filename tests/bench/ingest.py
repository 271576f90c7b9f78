#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What recording costs: potoo beside ffmpeg and GStreamer's splitmuxsink on the same streams.

All of them record the same simulated 1080p cameras at 4 Mb/s, one after the
other in each run, so that the machine's mood falls on all alike. Prints frames lost,
CPU seconds for each camera minute and memory; the median over the runs. The exit status is 1
when potoo lost a frame: all else is for people to judge.

    tests/bench/ingest.py [--short] [--cameras=N] [--seconds=N] [--runs=N] [--transport=tcp|udp]
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'lib'))

from potoo_daemon import Daemon  # noqa: E402
from potoo_process import Process, wait_until  # noqa: E402
from potoo_recording import find_lost_and_doubled, read_stamps  # noqa: E402
from potoo_sim import Sim  # noqa: E402

SEGMENT_S = 20
TICK = os.sysconf('SC_CLK_TCK')
SETTLE_S = 3


def read_cpu_s(pid):
    fields = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def read_memory_mb(pid):
    """(resident, proportional) in MB."""
    values = {}
    for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines()[1:]:
        key, value = line.split(':')
        values[key] = int(value.split()[0]) / 1000
    return values['Rss'], values['Pss']


class Potoo:
    name = 'potoo'

    def __init__(self, directory, sim, transport):
        self.daemon = Daemon(
            directory,
            config={
                'server': {'log-level': 'info'},
                'storage': {'segment-duration': f'{SEGMENT_S}s'},
            },
            env={'G_DEBUG': ''},
        )
        for name, url in sim.urls.items():
            self.daemon.add_camera(id=name, url=url, transport=transport)
        for name in sim.urls:
            self.daemon.wait_state(name, 'streaming', timeout=60)

    def pids(self):
        return [self.daemon.pid]

    def stop(self):
        assert self.daemon.stop(timeout=10) == 0, self.daemon.read_log()[-2000:]

    def files(self, camera):
        return sorted(self.daemon.recordings_dir.glob(f'{camera}/*/*.mp4'))


class Recorders:
    """One process for each camera."""

    def __init__(self, directory, sim, transport):
        self.directory = directory
        self.transport = transport
        self.processes = []
        for name, url in sim.urls.items():
            (directory / name).mkdir(parents=True)
            self.processes.append(
                Process(self.command(directory / name, url), directory / f'{name}.log', env={'G_DEBUG': ''})
            )
        for name in sim.urls:
            wait_until(lambda name=name: self.files(name), 60, f'a file of {name}')

    def pids(self):
        return [process.pid for process in self.processes]

    def stop(self):
        for process in self.processes:
            process.child.terminate()
        for process in self.processes:
            process.stop(timeout=10)

    def files(self, camera):
        return sorted((self.directory / camera).iterdir())


class Ffmpeg(Recorders):
    name = 'ffmpeg -c copy -f segment'

    def command(self, directory, url):
        return [
            *('ffmpeg', '-v', 'error', '-nostdin', '-rtsp_transport', self.transport),
            *('-i', url, '-c', 'copy'),
            *('-f', 'segment', '-segment_time', SEGMENT_S, '-segment_format', 'mp4'),
            *('-segment_format_options', 'movflags=frag_keyframe+empty_moov+default_base_moof'),
            directory / '%03d.mp4',
        ]


class Splitmuxsink(Recorders):
    name = 'gst-launch-1.0 splitmuxsink'

    def command(self, directory, url):
        return [
            *('gst-launch-1.0', '-q', '-e', 'rtspsrc', f'location={url}', f'protocols={self.transport}'),
            *('latency=200', '!', 'rtph264depay', '!', 'h264parse', '!', 'splitmuxsink', 'muxer-factory=mp4mux'),
            'muxer-properties=properties,fragment-duration=1000',
            *(f'max-size-time={SEGMENT_S * 10**9}', f'location={directory}/%03d.mp4'),
        ]


def measure(kind, directory, sim, transport, seconds):
    recorder = kind(directory, sim, transport)
    time.sleep(SETTLE_S)
    pids = recorder.pids()
    cpu_s = sum(map(read_cpu_s, pids))
    started = time.monotonic()
    time.sleep(seconds)
    cpu_s = sum(map(read_cpu_s, pids)) - cpu_s
    taken_s = time.monotonic() - started
    memory = [sum(values) for values in zip(*map(read_memory_mb, pids))]
    recorder.stop()
    lost, frames = 0, 0
    for camera in sim.urls:
        stamps = [stamp for path in recorder.files(camera) for stamp in read_stamps(path)]
        missing, doubled = find_lost_and_doubled(stamps)
        lost += len(missing) + len(doubled)
        frames += len(stamps)
    if lost and kind is Potoo:
        print(recorder.daemon.read_log())  # why
    shutil.rmtree(directory)
    return {
        'frames': frames,
        'lost': lost,
        'cpu': cpu_s / taken_s / len(sim.urls) * 100,
        'rss': memory[0],
        'pss': memory[1],
    }


def print_table(results, cameras, transport, seconds, runs):
    print(f'\n{cameras} cameras over {transport}, 1080p25 H.264 4 Mb/s, {seconds} s a run, median of {runs} run(s)\n')
    print(f'{"":28}{"frames":>8}{"lost":>6}{"CPU %/camera":>14}{"RSS MB":>9}{"PSS MB":>9}')
    medians = {}
    for kind, rows in results.items():
        medians[kind] = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        m = medians[kind]
        lost = max(row['lost'] for row in rows)
        print(
            f'{kind.name:28}{m["frames"]:8.0f}{lost:6}{m["cpu"]:14.2f}{m["rss"]:9.1f}{m["pss"]:9.1f}'
        )
    for kind in list(results)[1:]:
        ratios = ', '.join(
            f'{key.upper()} {medians[Potoo][key] / medians[kind][key]:.2f}' for key in ('cpu', 'rss', 'pss')
        )
        print(f'potoo / {kind.name}: {ratios}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--short', action='store_true', help='one run of 10 s, without splitmuxsink')
    parser.add_argument('--cameras', type=int, default=16)
    parser.add_argument('--seconds', type=int)
    parser.add_argument('--runs', type=int)
    parser.add_argument('--transport', choices=('tcp', 'udp'), default='tcp')
    options = parser.parse_args()
    seconds = options.seconds or (10 if options.short else 60)
    runs = options.runs or (1 if options.short else 5)
    kinds = [Potoo, Ffmpeg] if options.short else [Potoo, Ffmpeg, Splitmuxsink]

    directory = Path(tempfile.mkdtemp(prefix='potoo-bench-'))
    camera = {
        **{'codec': 'h264', 'width': 1920, 'height': 1080, 'fps': 25, 'bitrate': 4000, 'gop': 50},
        'audio': 'none',  # so that all of them do the same work
    }
    results = {kind: [] for kind in kinds}
    try:
        sim = Sim(
            directory,
            {f'camera-{n:02}': camera for n in range(options.cameras)},
            start_timeout=300,
            env={'G_DEBUG': ''},
        )
        for run in range(runs):
            for kind in kinds:
                results[kind].append(measure(kind, directory / kind.__name__, sim, options.transport, seconds))
                print(f'run {run + 1}: {kind.name}: {results[kind][-1]}', flush=True)
        sim.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print_table(results, options.cameras, options.transport, seconds, runs)
    return 1 if any(row['lost'] for row in results[Potoo]) else 0


if __name__ == '__main__':
    sys.exit(main())
