#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What RTSP viewers cost: potoo's re-stream beside plain gst-rtsp-server with shared media.

Plain gst-rtsp-server is the camera simulator, watched directly: one encoded stream, one media for
all. Prints, for each number of viewers, what they add in CPU, memory and threads, how soon the first
picture comes to the last of them, and how old pictures are when they arrive; the median over the runs.
The exit status is 1 when a viewer of potoo's waited more than 100 ms or pictures come more than 20 ms
later: all else is for people to judge. Since other work on the machine shows in both, a number of
viewers that is over is measured again, five times at most.

    tests/bench/restream.py [--short] [--seconds=N] [--runs=N] [--viewers=N,N…]
"""

import argparse
import multiprocessing
import shutil
import selectors
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'lib'))

from potoo_daemon import Daemon  # noqa: E402
from potoo_process import wait_until  # noqa: E402
from potoo_restream import count_threads, read_cpu, read_rss  # noqa: E402
from potoo_rtsp_client import RtspClient, stamps_of  # noqa: E402
from potoo_sim import Sim  # noqa: E402

# A keyframe each 4 s: without a cache a viewer waits for 2 s on average.
CAMERA = {
    **{'codec': 'h264', 'width': 1920, 'height': 1080, 'fps': 25, 'bitrate': 4000, 'gop': 100},
    'loop': 8,
}
MAX_FIRST_PICTURE_MS = 100
MAX_ADDED_LATENCY_MS = 20
MAX_RUNS = 5
# Memory is given back 20 s after viewers have left.
AFTER_S = 45


def drain(sockets):
    """Reads what comes and looks at nothing, until it is killed."""
    selector = selectors.DefaultSelector()
    for one in sockets:
        one.setblocking(False)
        selector.register(one, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            key.fileobj.recv(1 << 20)


def connect(url):
    """A client that plays, and the milliseconds that it waited for a picture."""
    started = time.monotonic()
    client = RtspClient(url)
    client.play()
    while not stamps_of([packet for packet in [client.take_packet()] if packet]):
        pass
    return client, (time.monotonic() - started) * 1000


def median_latency_ms(url, seconds):
    with RtspClient(url) as client:
        client.play()
        client.receive(1)  # what was cached
        pairs = stamps_of(client.receive(seconds))
    return statistics.median((packet.arrival_us - stamp.wall_us) / 1000 for stamp, packet in pairs)


def measure(url, pid, viewers, seconds, settle_s, after_s):
    before = {'cpu': read_cpu(pid), 'at': time.monotonic()}
    time.sleep(seconds / 2)
    idle = (read_cpu(pid) - before['cpu']) / (time.monotonic() - before['at'])
    rss, threads = read_rss(pid), count_threads(pid)

    clients, waits = [], []
    for _ in range(viewers):
        client, wait = connect(url)
        clients.append(client)
        waits.append(wait)
    reader = multiprocessing.Process(target=drain, args=([c.socket for c in clients],), daemon=True)
    reader.start()
    time.sleep(settle_s)
    cpu, at = read_cpu(pid), time.monotonic()
    time.sleep(seconds)
    busy = (read_cpu(pid) - cpu) / (time.monotonic() - at)
    row = {
        'cpu': (busy - idle) * 100,
        'rss': (read_rss(pid) - rss) / 1e6,
        'threads': count_threads(pid) - threads,
        'first': waits[0],
        'last': waits[-1],
        'worst': max(waits),
        'latency': median_latency_ms(url, 4),
    }
    reader.kill()
    reader.join()
    for client in clients:
        client.close()
    time.sleep(after_s)
    row['rss_after'] = (read_rss(pid) - rss) / 1e6
    row['threads_after'] = count_threads(pid) - threads
    return row


class Comparison:
    """What a number of viewers cost on either side, in as many runs as it took."""

    def __init__(self, viewers):
        self.viewers = viewers
        self.rows = {'plain': [], 'potoo': []}

    def add(self, name, row):
        self.rows[name].append(row)
        print(f'run {len(self.rows[name])}: {name}: {row}', flush=True)

    def runs(self):
        return len(self.rows['potoo'])

    def median(self, name, key):
        return statistics.median(row[key] for row in self.rows[name])

    def added_latency_ms(self):
        return self.median('potoo', 'latency') - self.median('plain', 'latency')

    def is_over(self):
        """Whether it is more than the project promises."""
        return (
            self.added_latency_ms() > MAX_ADDED_LATENCY_MS or self.median('potoo', 'worst') > MAX_FIRST_PICTURE_MS
        )


def print_table(comparisons):
    print('\n1080p25 H.264 4 Mb/s, a keyframe each 4 s; RTP over TCP. What the viewers add:\n')
    print(
        f'{"":14}{"viewers":>8}{"runs":>6}{"CPU %":>8}{"RSS MB":>8}{"threads":>9}{"after:":>8}{"MB":>6}{"thr.":>6}'
        f'{"first picture ms: 1st":>23}{"last":>7}{"worst":>7}{"latency ms":>12}'
    )
    for comparison in comparisons:
        for name in comparison.rows:
            m = {key: comparison.median(name, key) for key in comparison.rows[name][0]}
            print(
                f'{name:14}{comparison.viewers:8}{comparison.runs():6}{m["cpu"]:8.1f}{m["rss"]:8.1f}{m["threads"]:9.0f}'
                f'{"":8}{m["rss_after"]:6.1f}{m["threads_after"]:6.0f}'
                f'{m["first"]:23.0f}{m["last"]:7.0f}{m["worst"]:7.0f}{m["latency"]:12.1f}'
            )
    for comparison in comparisons:
        print(
            f'{comparison.viewers} viewers: pictures come {comparison.added_latency_ms():.1f} ms later than from the'
            f' camera{", which is too much" if comparison.is_over() else ""}'
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--short', action='store_true', help='20 viewers for 4 s')
    parser.add_argument('--seconds', type=int)
    parser.add_argument('--runs', type=int)
    parser.add_argument('--viewers', default='')
    options = parser.parse_args()
    seconds = options.seconds or (4 if options.short else 20)
    runs = options.runs or (1 if options.short else 3)
    settle_s = 2 if options.short else 5
    after_s = 2 if options.short else AFTER_S
    numbers = [int(n) for n in options.viewers.split(',') if n] or ([20] if options.short else [1, 10, 20, 50])

    directory = Path(tempfile.mkdtemp(prefix='potoo-bench-'))
    comparisons = [Comparison(n) for n in numbers]
    try:
        sim = Sim(directory, {'door': CAMERA}, start_timeout=300, env={'G_DEBUG': ''})
        daemon = Daemon(
            directory / 'potoo',
            config={'server': {'log-level': 'info'}, 'storage': {'segment-duration': '5min'}},
            env={'G_DEBUG': ''},
        )
        daemon.add_camera(id='door', url=sim.urls['door'])
        daemon.wait_state('door', 'streaming', timeout=60)
        url = f'{daemon.rtsp_url}/door'

        def is_served():
            with RtspClient(url) as client:
                return client.describe().status == 200

        wait_until(is_served, 20, 'the camera to be served')
        time.sleep(settle_s)
        for comparison in comparisons:
            n = comparison.viewers
            while comparison.runs() < runs or (comparison.is_over() and comparison.runs() < MAX_RUNS):
                comparison.add('plain', measure(sim.urls['door'], sim.pid, n, seconds, settle_s, settle_s))
                comparison.add('potoo', measure(url, daemon.pid, n, seconds, settle_s, after_s))
        daemon.close()
        sim.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print_table(comparisons)
    return 1 if any(comparison.is_over() for comparison in comparisons) else 0


if __name__ == '__main__':
    sys.exit(main())
