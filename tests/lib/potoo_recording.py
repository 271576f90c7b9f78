# SPDX-License-Identifier: GPL-3.0-or-later
"""What others say of a recorded file, and what its frames say of themselves."""

import json
import re
import subprocess

# See src/sim/potoo-sim-stamp.h: frame number, wall time in µs, position in the loop.
STAMP = re.compile(rb'potoo-camera-sim([0-9a-f]{16}) ([0-9a-f]{16})(?: ([0-9a-f]{4}))?')


def read_stamps(path, start=0, end=None):
    """[(frame number, wall µs)] of a file's bytes, in the order in which they stand."""
    data = path.read_bytes()[start:end]
    return [(int(m.group(1), 16), int(m.group(2), 16)) for m in STAMP.finditer(data)]


def run(*command, timeout=120):
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
    )


def check_with_ffprobe(path):
    """What ffprobe has to complain about when it reads every packet; '' when nothing."""
    result = run('ffprobe', '-v', 'error', '-show_packets', '-of', 'null', path)
    if result.returncode != 0 and not result.stderr:
        return f'ended with {result.returncode}'
    return result.stderr


def decode_with_ffmpeg(path):
    """What the decoders have to complain about; '' when nothing."""
    return run('ffmpeg', '-v', 'error', '-xerror', '-i', path, '-f', 'null', '-').stderr


def probe(path):
    result = run('ffprobe', '-v', 'error', '-show_format', '-show_streams', '-of', 'json', path)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def discover(path):
    """Duration in seconds that gst-discoverer-1.0 tells; any problem is an error."""
    result = run('gst-discoverer-1.0', path)
    assert result.returncode == 0, result.stdout + result.stderr
    for bad in ('error', 'issing', 'An error', 'Timeout'):
        assert bad not in result.stdout, result.stdout
    found = re.search(r'Duration: (\d+):(\d\d):(\d\d\.\d+)', result.stdout)
    assert found, result.stdout
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def find_lost_and_doubled(numbers):
    """(missing, doubled) frame numbers between the smallest and the largest one."""
    seen = set(numbers)
    missing = sorted(set(range(min(seen), max(seen) + 1)) - seen)
    doubled = sorted(n for n in seen if numbers.count(n) > 1) if len(seen) < len(numbers) else []
    return missing, doubled
