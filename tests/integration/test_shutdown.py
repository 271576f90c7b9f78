# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGTERM and SIGINT: quick, whatever goes on, and every file is finished."""

import signal
import socket
import time

import pytest
from potoo_mp4 import read_movie
from potoo_process import SLOWNESS, wait_until
from potoo_recording import check_with_ffprobe, discover, find_lost_and_doubled, read_stamps

LIMIT_S = 3 * SLOWNESS
CLOSED = 1  # catalog/potoo-catalog-segments.h
CAMERA = {'codec': 'h264', 'audio': 'aac'}


def stop_in_time(daemon, sig=signal.SIGTERM):
    started = time.monotonic()
    status = daemon.stop(sig, timeout=10)
    taken = time.monotonic() - started
    assert status == 0
    assert taken < LIMIT_S
    print(f'stopped within {taken:.2f} s')


def check_files(daemon, cameras):
    rows = daemon.query('SELECT * FROM segments')
    assert {row['state'] for row in rows} == {CLOSED}
    files = sorted(daemon.recordings_dir.rglob('*.mp4'))
    assert len(files) == len(rows) >= cameras
    for path in files:
        movie = read_movie(path)
        assert movie.mehd_duration > 0
        assert check_with_ffprobe(path) == ''
        assert discover(path) == pytest.approx(movie.duration_s(), abs=0.065)  # an audio frame
        assert find_lost_and_doubled(read_stamps(path)) == ([], [])


def start_cameras(sim, daemon, count):
    cameras = sim({f'camera-{n}': CAMERA for n in range(count)})
    for name, url in cameras.urls.items():
        daemon.add_camera(id=name, url=url)
    for name in cameras.urls:
        daemon.wait_state(name, 'streaming', timeout=30)
    time.sleep(3)
    return cameras


def test_eight_cameras_and_one_is_dead(sim, daemon):
    cameras = start_cameras(sim, daemon, 8)
    cameras.fault('camera-3', 'black-hole', 'on')
    cameras.fault('camera-3', 'drop')
    wait_until(lambda: daemon.state('camera-3') != 'streaming', 10, 'the black hole')
    time.sleep(2)
    stop_in_time(daemon)
    check_files(daemon, 8)


def test_as_soon_as_it_listens(daemon):
    for _ in range(10):
        daemon.stop()
        daemon.log.unlink()
        daemon.launch()
        wait_until(lambda: 'listening on' in daemon.read_log(), 20, 'it to listen', interval=0.001)
        assert daemon.stop() == 0


def test_interrupt_key(sim, daemon):
    start_cameras(sim, daemon, 1)
    stop_in_time(daemon, signal.SIGINT)
    check_files(daemon, 1)


def test_while_connecting(sim, daemon):
    cameras = sim({f'camera-{n}': CAMERA for n in range(4)})
    for name in cameras.urls:
        cameras.fault(name, 'black-hole', 'on')
    for name, url in cameras.urls.items():
        daemon.add_camera(id=name, url=url)
    daemon.wait_state('camera-0', 'connecting')
    stop_in_time(daemon)


def test_requests_in_flight(sim, daemon):
    """A download that its client does not read, a half-sent request, an idle connection."""
    start_cameras(sim, daemon, 1)
    segment = daemon.segments('camera-0')[0]
    requests = [
        f'GET /api/v1/segments/{segment["id"]}/media.mp4 HTTP/1.1\r\nHost: localhost\r\n\r\n',
        'POST /api/v1/cameras HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
        'Content-Length: 1000\r\n\r\n{"id":',
        'GET /api/v1/cam',
        '',
    ]
    links = []
    for request in requests:
        link = socket.create_connection(('127.0.0.1', daemon.port))
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.sendall(request.encode())
        links.append(link)
    time.sleep(0.5)
    stop_in_time(daemon)
    check_files(daemon, 1)
    for link in links:
        link.close()


def test_storm_of_signals(sim, daemon):
    start_cameras(sim, daemon, 2)
    for sig in (signal.SIGHUP, signal.SIGTERM, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        daemon.process.child.send_signal(sig)
    stop_in_time(daemon)
    check_files(daemon, 2)


def test_restart_goes_on(sim, daemon):
    """After a stop the next start records again, with one gap row of cause `shutdown`."""
    cameras = start_cameras(sim, daemon, 1)
    name = next(iter(cameras.urls))
    stop_in_time(daemon)
    time.sleep(2)
    daemon.start()
    daemon.wait_state(name, 'streaming')
    wait_until(lambda: len(daemon.segments(name)) == 2, 10, 'the second segment')
    before, after = daemon.segments(name)
    gaps = [gap for gap in daemon.gaps(name) if gap['end'] is None or gap['end'] > before['end']]
    assert [gap['cause'] for gap in gaps] == ['shutdown'], gaps
    assert (gaps[0]['start'], gaps[0]['end']) == (before['end'], after['start'])
