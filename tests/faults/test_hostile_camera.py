# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras that mean harm: they get no password that is not theirs, and no more memory than others."""

import os
import socket
import struct
import time
from pathlib import Path

import pytest
from potoo_process import wait_until
from potoo_recording import find_lost_and_doubled, read_stamps
from potoo_restream import count_threads
from potoo_rtsp import AUDIO_ONLY, ChangingCamera, CuriousCamera, EndlessCamera, RedirectingCamera, TalkativeCamera, TinyCamera

CREDENTIALS = {'username': 'viewer', 'password': 'not-for-others'}
MAX_GROWTH_MB = 200
MAX_ACCESS_UNIT_BYTES, MAX_ACCESS_UNIT_PACKETS = 32 * 1024 * 1024, 65536  # media/potoo-track-inlet.c
MAX_CAPS_CHANGES = 60  # media/potoo-track-outlet.c


def add_and_wait(daemon, camera, state, **members):
    daemon.add_camera(id='hostile', url=camera.url, **members)
    return daemon.wait_state('hostile', state)['status']


@pytest.mark.parametrize('transport', ['auto', 'tcp', 'udp'])
def test_redirect_to_another_host(daemon, transport):
    with CuriousCamera() as thief, RedirectingCamera(AUDIO_ONLY, thief.url) as camera:
        states = {'backing-off', 'no-video', 'auth-failed'}
        status = add_and_wait(daemon, camera, states, transport=transport, **CREDENTIALS)
        time.sleep(1)
        assert thief.credentials == []
        assert status['state'] != 'auth-failed'
        assert thief.url in status['reason']
        assert CREDENTIALS['password'] not in daemon.read_log()


@pytest.mark.parametrize('transport', ['auto', 'udp'])
def test_redirect_to_another_path(daemon, transport):
    with RedirectingCamera(AUDIO_ONLY) as camera:
        status = add_and_wait(daemon, camera, 'no-video', transport=transport, **CREDENTIALS)
        assert 'video' in status['reason']


@pytest.mark.parametrize('transport', ['auto', 'udp'])
def test_redirect_in_a_circle(daemon, transport):
    with RedirectingCamera(AUDIO_ONLY) as camera:
        camera.location = camera.url
        states = {'backing-off', 'no-video'}
        status = add_and_wait(daemon, camera, states, transport=transport, **CREDENTIALS)
        assert 'circle' in status['reason']


def read_memory_mb(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        lines = dict(line.split(':', 1) for line in status)
    return int(lines['VmRSS'].split()[0]) / 1024


@pytest.mark.parametrize(
    'payload, reason', [(bytes(range(256)) * 5, '32 M'), (b'\0', '65536 packets')], ids=['bytes', 'packets']
)
def test_access_unit_without_end(sim, daemon, payload, reason):
    cameras = sim({'good': {'codec': 'h264'}})
    daemon.add_camera(id='good', url=cameras.urls['good'])
    daemon.wait_state('good', 'streaming')
    time.sleep(2)
    before_mb = read_memory_mb(daemon.pid)
    most_mb = before_mb
    with EndlessCamera(payload) as camera:
        status = add_and_wait(daemon, camera, {'backing-off', 'no-video'})
        assert reason in status['reason']
        assert camera.sent_bytes > min(MAX_ACCESS_UNIT_BYTES, MAX_ACCESS_UNIT_PACKETS * (len(payload) + 18))
        # It is tried again and again.
        for _ in range(20):
            most_mb = max(most_mb, read_memory_mb(daemon.pid))
            time.sleep(0.25)
        print(f'{before_mb:.0f} MB before, at most {most_mb:.0f}; {camera.sent_bytes / 1e6:.0f} MB sent')
        assert daemon.api('DELETE', '/api/v1/cameras/hostile')[0] == 204
    assert most_mb - before_mb < MAX_GROWTH_MB
    assert daemon.segments('hostile') == []
    paths = [daemon.segment_path(segment) for segment in daemon.disable_camera('good')]
    stamps = [stamp for path in paths for stamp in read_stamps(path)]
    assert len(stamps) > 100
    assert find_lost_and_doubled(stamps) == ([], [])


def find_udp_ports(pid):
    """Those that the process receives on."""
    inodes = set()
    for fd in Path(f'/proc/{pid}/fd').iterdir():
        try:
            inodes.add(os.readlink(fd))
        except FileNotFoundError:
            continue
    lines = [line.split() for line in Path('/proc/net/udp').read_text(encoding='ascii').splitlines()[1:]]
    return [int(line[1].split(':')[1], 16) for line in lines if f'socket:[{line[9]}]' in inodes]


def test_many_senders_over_udp(sim, daemon):
    """Whoever sends to our ports, by ever other names (SSRC), is not heard."""
    cameras = sim({'good': {'codec': 'h264'}})
    daemon.add_camera(id='good', url=cameras.urls['good'], transport='udp')
    daemon.wait_state('good', 'streaming')
    wait_until(lambda: daemon.segments('good'), 30, 'a recording')
    before = count_threads(daemon.pid)
    ports = find_udp_ports(daemon.pid)
    assert len(ports) == 2
    n_sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        for ssrc in range(500):
            for sequence in range(3):
                packet = struct.pack('>BBHII', 0x80, 96, sequence, 90000, ssrc + 1) + b'\x41' + bytes(20)
                for port in ports:
                    n_sent += link.sendto(packet, ('127.0.0.1', port)) > 0
            time.sleep(0.002)

    def count_refused():
        metrics = daemon.metrics()
        labels = '{camera="good",stream="main"}'
        return sum(metrics[f'potoo_stream_packets_{kind}_total{labels}'] for kind in ('refused', 'overrun'))

    wait_until(lambda: count_refused() == n_sent, 30, 'all of them to be counted')
    assert count_threads(daemon.pid) <= before
    assert daemon.camera('good')['status']['state'] == 'streaming'
    paths = [daemon.segment_path(segment) for segment in daemon.disable_camera('good')]
    assert len(paths) == 1
    assert find_lost_and_doubled(read_stamps(paths[0])) == ([], [])


@pytest.mark.parametrize('transport', ['tcp', 'udp'])
def test_answer_without_end(daemon, transport):
    """It is read as long as a try to connect may take, and no longer."""
    with TalkativeCamera() as camera:
        before_mb = read_memory_mb(daemon.pid)
        daemon.add_camera(id='hostile', url=camera.url, transport=transport)
        time.sleep(2)
        started = time.monotonic()
        assert daemon.api('DELETE', '/api/v1/cameras/hostile')[0] == 204
        assert time.monotonic() - started < 3
        assert read_memory_mb(daemon.pid) - before_mb < MAX_GROWTH_MB


@pytest.mark.parametrize('transport', ['tcp', 'udp'])
def test_description_that_is_too_large(daemon, transport):
    with TinyCamera(AUDIO_ONLY + 'a=more:and more\r\n' * 100_000) as camera:
        assert 'too large' in add_and_wait(daemon, camera, 'no-video', transport=transport)['reason']


def test_format_that_changes_with_each_picture(daemon):
    """Each would begin a segment."""
    with ChangingCamera() as camera:
        status = add_and_wait(daemon, camera, 'no-video')
        assert 'too often' in status['reason']
        assert daemon.api('DELETE', '/api/v1/cameras/hostile')[0] == 204
    assert len(daemon.segments('hostile')) <= MAX_CAPS_CHANGES + 1


def test_stop_beside_an_access_unit_without_end(daemon):
    with EndlessCamera() as camera:
        daemon.add_camera(id='hostile', url=camera.url)
        wait_until(lambda: camera.sent_bytes > 0, 10, 'the camera to send')
        started = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - started < 3
