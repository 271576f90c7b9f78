# SPDX-License-Identifier: GPL-3.0-or-later
"""Viewers of the RTSP re-stream: other people's players, and one of ours that never stops reading."""

import os
import signal
import subprocess
import threading
import time

from potoo_process import die_with_parent, wait_until
from potoo_recording import find_lost_and_doubled, read_stamps
from potoo_rtsp_client import RtspClient, stamps_of
from potoo_sei import read_files

RAW = {'h264': 'h264', 'h265': 'hevc'}
DEPAYLOADER = {'h264': 'rtph264depay', 'h265': 'rtph265depay'}
PARSER = {'h264': 'h264parse', 'h265': 'h265parse'}


class Player:
    """A program that watches until it is stopped, and writes what it gets to its standard output."""

    def __init__(self, command, path):
        self.path = path
        with path.open('wb') as output:
            self.child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                env={**os.environ, 'HOME': '/'},
                preexec_fn=die_with_parent,
            )

    def stop(self):
        """The stamps that it got."""
        self.child.send_signal(signal.SIGINT)
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        return read_files(self.path)


def ffmpeg(url, codec, transport, path):
    command = ['ffmpeg', '-v', 'error', '-rtsp_transport', transport, '-i', url]
    return Player([*command, '-map', '0:v', '-c', 'copy', '-f', RAW[codec], '-'], path)


def rtspsrc(url, codec, transport, path):
    source = ['rtspsrc', f'location={url}', f'protocols={transport}', 'latency=200']
    pipeline = [*source, '!', DEPAYLOADER[codec], '!', PARSER[codec], '!', 'fdsink']
    return Player(['gst-launch-1.0', '-q', *pipeline], path)


class Viewer:
    """Plays over TCP in a thread of its own, from construction to stop()."""

    def __init__(self, url):
        self.started = time.monotonic()
        self.client = RtspClient(url)
        self.client.play()
        self.packets = []
        self.first_picture = None  # seconds after the first byte of it was asked for
        self.closed = False
        self.stopping = False
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        self.client.socket.settimeout(0.2)
        while not self.stopping:
            try:
                packet = self.client.take_packet()
            except TimeoutError:
                continue
            except OSError:
                self.closed = True
                return
            if self.first_picture is None and stamps_of([packet]):
                self.first_picture = time.monotonic() - self.started
            self.packets.append(packet)

    @property
    def stamps(self):
        return [stamp for stamp, _ in stamps_of(list(self.packets))]

    def wait_picture(self, timeout=10):
        deadline = time.monotonic() + timeout
        while self.first_picture is None and time.monotonic() < deadline and not self.closed:
            time.sleep(0.001)
        assert self.first_picture is not None, 'no picture came'
        return self.first_picture

    def stop(self):
        self.stopping = True
        self.thread.join(5)
        self.client.close()
        return self.stamps


def count_threads(pid):
    return len(os.listdir(f'/proc/{pid}/task'))


def read_rss(pid):
    """In bytes."""
    with open(f'/proc/{pid}/statm', encoding='ascii') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def read_cpu(pid):
    """Seconds of a core used so far."""
    with open(f'/proc/{pid}/stat', encoding='ascii') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def url_of(daemon, path):
    return f'{daemon.rtsp_url}/{path}'


def describe_at(url):
    with RtspClient(url) as client:
        return client.describe().status


def describe(daemon, path):
    return describe_at(url_of(daemon, path))


def wait_for_viewers(daemon, n, timeout=10):
    wait_until(lambda: daemon.metrics()['potoo_restream_clients'] == n, timeout, f'{n} RTSP connections')


def assert_recording_is_whole(daemon, camera):
    """Every frame since the first one recorded, in all segments up to now."""
    segments = daemon.disable_camera(camera)
    stamps = [stamp for s in segments for stamp in read_stamps(daemon.segment_path(s))]
    assert stamps
    assert find_lost_and_doubled(stamps) == ([], [])
