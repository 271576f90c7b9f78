#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verifying recordings costs: `potoo --verify` beside `sha256sum` of the same files.

One small segment is recorded, and copied with other ids and times; the catalog is then
made from the files alone, which is measured too. With the files in the page cache both are run in
turns; prints the median of seconds, CPU seconds and MB/s. The exit status is 1 when potoo finds
fault with the files or misses one that is spoilt: all else is for people to judge.

    tests/bench/verify.py [--short] [--files=N] [--runs=N]
"""

import argparse
import json
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'lib'))

from potoo_daemon import Daemon  # noqa: E402
from potoo_mp4 import read_movie  # noqa: E402
from potoo_process import POTOO  # noqa: E402
from potoo_sim import Sim  # noqa: E402

CAMERA = 'front'
SEGMENT_S = 10
KBITS = 600
# Of a fragment: size and type, version and flags, track id, then when it was, NTP.
PRFT_NTP = 16


def record_one(directory):
    """The bytes of a segment, where the times of its fragments stand, and when it starts."""
    sim = Sim(directory, {CAMERA: {'bitrate': KBITS}}, env={'G_DEBUG': ''})
    daemon = Daemon(
        directory,
        config={'server': {'log-level': 'info'}, 'storage': {'segment-duration': f'{SEGMENT_S}s'}},
        env={'G_DEBUG': '', 'G_SLICE': ''},
    )
    daemon.add_camera(id=CAMERA, url=sim.urls[CAMERA])
    segment = daemon.wait_segments(CAMERA, 1, timeout=90)[-1]
    path = daemon.segment_path(segment)
    data = path.read_bytes()
    places = [fragment.start + PRFT_NTP for fragment in read_movie(path).fragments]
    assert daemon.stop() == 0
    sim.close()
    return data, places, datetime.fromisoformat(segment['start'].replace('Z', '+00:00'))


def copy_many(root, n, data, places, start):
    """Files that lie SEGMENT_S + 1 s apart, the last one a day ago."""
    step = SEGMENT_S + 1
    data = bytearray(data)
    first = start - timedelta(days=1, seconds=n * step)
    shift_s = round((first - start).total_seconds())
    for place in places:
        seconds = struct.unpack_from('>I', data, place)[0]
        struct.pack_into('>I', data, place, (seconds + shift_s) & 0xFFFFFFFF)
    for i in range(n):
        at = first + timedelta(seconds=i * step)
        folder = root / CAMERA / at.strftime('%Y-%m-%d')
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f'{at:%H%M%S}Z-main-{i + 1:016x}.mp4').write_bytes(data)
        for place in places:
            seconds = struct.unpack_from('>I', data, place)[0]
            struct.pack_into('>I', data, place, (seconds + step) & 0xFFFFFFFF)


def run(command, **options):
    """Its output, exit status, seconds and CPU seconds."""
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, **options)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return output, child.returncode, time.monotonic() - started, usage.ru_utime + usage.ru_stime


def verify(state_dir, *arguments):
    command = [POTOO, '--verify', '--json', '--state-dir', state_dir, *arguments]
    output, status, seconds, cpu_s = run(command, stderr=subprocess.DEVNULL)
    return json.loads(output), status, seconds, cpu_s


def sha256sum(files):
    """All of them, in as few processes as it takes."""
    with tempfile.TemporaryFile() as names:
        names.write('\0'.join(map(str, files)).encode())
        names.seek(0)
        started = time.monotonic()
        child = subprocess.Popen(
            ['xargs', '-0', '-s', '2000000', 'sha256sum'], stdin=names, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0
        return time.monotonic() - started, usage.ru_utime + usage.ru_stime


def spoil_one(files):
    path = files[len(files) // 2]
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)


def measure(directory, n, runs):
    data, places, start = record_one(directory / 'one')
    state_dir = directory / 'state'
    root = state_dir / 'recordings'
    root.mkdir(parents=True, mode=0o700)
    shutil.copy(directory / 'one' / 'state' / 'recordings' / '.potoo-root', root)
    copy_many(root, n, data, places, start)
    files = sorted(root.glob('*/*/*.mp4'))
    total_mb = sum(path.stat().st_size for path in files) / 1e6
    print(f'{n} segments of {SEGMENT_S} s, {len(places)} fragments and {len(data) / 1e6:.2f} MB each', flush=True)

    report, status, seconds, cpu_s = verify(state_dir, '--repair')
    made_s = seconds - report['seconds']
    faults = status != 0 or report['hashed'] != n or report['segments'] != n
    print(f'catalog from the files alone: {made_s:.1f} s ({n / made_s:.0f} files/s); hashing them: {report["seconds"]:.1f} s')
    rows = {'potoo --verify': [], 'sha256sum': []}
    for i in range(runs):
        report, status, seconds, cpu_s = verify(state_dir)
        faults = faults or status != 0 or report['bytes'] < total_mb * 1e6 * 0.999
        rows['potoo --verify'].append((seconds, cpu_s))
        rows['sha256sum'].append(sha256sum(files))
        print(f'run {i + 1}: ' + ', '.join(f'{name} {row[-1][0]:.2f} s' for name, row in rows.items()), flush=True)
    spoil_one(files)
    report, status, _, _ = verify(state_dir)
    faults = faults or status != 65 or report['problems']['changed']['found'] != 1
    return rows, total_mb, faults


def print_table(rows, n, total_mb, runs):
    print(f'\n{n} segments, {total_mb:.0f} MB, in the page cache, median of {runs} run(s)\n')
    print(f'{"":18}{"seconds":>10}{"CPU s":>10}{"MB/s":>10}')
    medians = {}
    for name, results in rows.items():
        medians[name] = [statistics.median(values) for values in zip(*results)]
        seconds, cpu_s = medians[name]
        print(f'{name:18}{seconds:10.2f}{cpu_s:10.2f}{total_mb / seconds:10.0f}')
    ours, theirs = medians.values()
    print(f'potoo / sha256sum: seconds {ours[0] / theirs[0]:.2f}, CPU {ours[1] / theirs[1]:.2f}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--short', action='store_true', help='300 segments, one run')
    parser.add_argument('--files', type=int)
    parser.add_argument('--runs', type=int)
    options = parser.parse_args()
    n = options.files or (300 if options.short else 10000)
    runs = options.runs or (1 if options.short else 5)
    directory = Path(tempfile.mkdtemp(prefix='potoo-bench-'))
    try:
        rows, total_mb, faults = measure(directory, n, runs)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print_table(rows, n, total_mb, runs)
    if faults:
        print('potoo found fault with sound files, or missed a spoilt one')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
