#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a large catalog costs: queries, inserts, eviction, start-up, size.

Makes one of a million segments (16 cameras, 217 days) with tests/bench/catalog.c, which
times the catalog itself, and then starts the daemon with it. A line of figures for each; those that
have a bound tell whether it was kept, which is for people to judge: other work on the machine shows in
them.

    tests/bench/catalog.py [--short] [--segments=N]
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / 'tests' / 'lib'))

from potoo_daemon import Daemon  # noqa: E402
from potoo_process import POTOO  # noqa: E402

BENCH = Path(POTOO).parent.parent / 'tests' / 'bench' / 'bench-catalog'


def time_start(directory):
    """Seconds until /readyz says yes, looked at every 50 ms; and how the daemon ended."""
    daemon = Daemon(directory, config={'server': {'log-level': 'info'}}, start=False)
    started = time.monotonic()
    daemon.start(timeout=60)
    taken = time.monotonic() - started
    status = daemon.stop(timeout=30)
    if status != 0:
        print(daemon.read_log())
    return taken, status


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--short', action='store_true', help='100,000 segments')
    parser.add_argument('--segments', type=int)
    options = parser.parse_args()
    segments = options.segments or (100_000 if options.short else 1_000_000)

    directory = Path(tempfile.mkdtemp(prefix='potoo-bench-'))
    try:
        state = directory / 'large' / 'state'
        state.mkdir(parents=True, mode=0o700)
        if subprocess.run([BENCH, state, str(segments)], check=False).returncode != 0:
            return 1
        empty, _ = time_start(directory / 'empty')
        large, status = time_start(directory / 'large')
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print(f'{"start of the daemon with it":<47} {large * 1000:7.0f} ms, with an empty one {empty * 1000:.0f} ms')
    return status


if __name__ == '__main__':
    sys.exit(main())
