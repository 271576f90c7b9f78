# SPDX-License-Identifier: GPL-3.0-or-later
"""Live streams over RTSP: nothing that a viewer or the camera does is felt by another viewer, or by recording."""

import contextlib
import os
import socket
import time

import pytest
from potoo_process import SLOWNESS, wait_until
from potoo_recording import read_stamps
from potoo_restream import (
    Viewer,
    assert_recording_is_whole,
    count_threads,
    describe,
    read_rss,
    url_of,
    wait_for_viewers,
)
from potoo_rtsp_client import RtspClient, stamps_of
from potoo_sei import check_run

# Longer by name: scripts/test restream-long.
STORM_S = int(os.environ.get('POTOO_STORM_S', 5))
STALL_S = int(os.environ.get('POTOO_STALL_S', 0))

FPS = 25
MAX_MEDIA = 64  # restream/potoo-restream-factory.h
NOT_FOUND = 'potoo_restream_failed_requests_total{status="404"}'
CAMERAS = {
    'door': {'audio': 'aac'},
    'garden': {'codec': 'h265'},
}
RTP_PACKET = b'$\0\0\x0cabcdefghijkl'


@pytest.fixture(scope='module')
def sim(module_workshop):
    return module_workshop.sim(CAMERAS)


@pytest.fixture(scope='module')
def daemon(module_workshop, sim):
    daemon = module_workshop.daemon()
    daemon.add_camera(id='garden', url=sim.urls['garden'])
    wait_until(lambda: describe(daemon, 'garden') == 200, 20, 'the camera to be served')
    return daemon


# --- hostile viewers ---


def connect(daemon):
    return socket.create_connection(('127.0.0.1', daemon.rtsp_port), 10)


def is_closed(link, timeout):
    """Whether the peer closes @link within @timeout; what comes before that is thrown away."""
    deadline = time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0:
        link.settimeout(left)
        try:
            if not link.recv(65536):
                return True
        except TimeoutError:
            return False
        except OSError:
            return True
    return False


GARBAGE = [
    b'\0' * 4096,
    bytes(range(256)) * 64,
    b'$\0\xff\xff' + b'x' * 65535,
    b'$' * 10000,
    b'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    b'GET /door HTTP/1.0\r\nx-sessioncookie: 1\r\nAccept: application/x-rtsp-tunnelled\r\n\r\n',
    b'POST /door HTTP/1.0\r\nx-sessioncookie: 1\r\nContent-Length: 32767\r\n\r\nAAAA',
    b'DESCRIBE rtsp://127.0.0.1/door RTSP/9.9\r\nCSeq: 1\r\n\r\n',
    b'DESCRIBE ftp://127.0.0.1/door RTSP/1.0\r\nCSeq: 1\r\n\r\n',
    b'DESCRIBE * RTSP/1.0\r\nCSeq: 1\r\n\r\n',
    b'DESCRIBE rtsp://127.0.0.1/door RTSP/1.0\r\n\r\n',
    b'DESCRIBE rtsp://127.0.0.1/door RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 4000000000\r\n\r\nx',
    b'DESCRIBE rtsp://127.0.0.1/door RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -1\r\n\r\nx',
    b'PLAY rtsp://127.0.0.1/door RTSP/1.0\r\nCSeq: 1\r\nSession: ../../x\r\n\r\n',
    b'TEARDOWN rtsp://127.0.0.1/door RTSP/1.0\r\nCSeq: 1\r\n\r\n',
    b'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n' + b'X-Long: ' + b'y' * 100_000,
    b'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: \xff\xfe\x80\r\n\r\n',
    b'SETUP rtsp://127.0.0.1/door/stream=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;multicast\r\n\r\n',
    b'SETUP rtsp://127.0.0.1/door/stream=99 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n',
    b'SETUP rtsp://127.0.0.1/door/stream=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=300-70000\r\n\r\n',
    b'SETUP rtsp://127.0.0.1/door/stream=0 RTSP/1.0\r\nCSeq: 1\r\nBlocksize: 1\r\nTransport: x\r\n\r\n',
]


def make_nuisances(daemon):
    links = [connect(daemon)]  # says nothing
    half = connect(daemon)
    half.sendall(b'DESCRIBE rtsp://127.0.0.1/door RTSP/1.0\r\nCSe')
    links.append(half)
    for data in GARBAGE:
        link = connect(daemon)
        try:
            link.sendall(data)
        except OSError:
            pass  # refused while it was still talking
        links.append(link)
    return links


def test_nuisances_are_not_felt(make_daemon, sim):
    daemon = make_daemon()
    daemon.add_camera(id='door', url=sim.urls['garden'])
    wait_until(lambda: describe(daemon, 'door') == 200, 20, 'the camera to be served')
    viewer = Viewer(url_of(daemon, 'door'))
    links = make_nuisances(daemon)
    started = time.monotonic()
    for link in links:
        assert is_closed(link, 20 * SLOWNESS), links.index(link)
    assert time.monotonic() - started < 20 * SLOWNESS
    wait_for_viewers(daemon, 1)
    assert check_run(viewer.stop()).is_whole
    assert_recording_is_whole(daemon, 'door')


def test_requests_that_mean_no_good(daemon):
    target = 'RTP/AVP;unicast;client_port=5000-5001;destination=192.0.2.1'
    with RtspClient(url_of(daemon, 'garden')) as client:
        for method in ('ANNOUNCE', 'RECORD'):
            assert client.request(method).status == 405
        answer = client.request('SETUP', f'{client.url}/stream=0', Transport=target)
        assert '192.0.2.1' not in answer.headers.get('transport', '')
    with RtspClient(url_of(daemon, 'garden')) as client:
        # Packets of one byte, a thousandfold speed, another time: media comes as ever.
        assert client.describe().status == 200
        transport = 'RTP/AVP/TCP;unicast;interleaved=0-1'
        answer = client.request('SETUP', f'{client.url}/stream=0', Transport=transport, Blocksize=1)
        assert answer.status == 200
        headers = {'Range': 'npt=1000-2000', 'Scale': '-1000', 'Speed': '1000'}
        # Another stream than is set up: the library would leak what it is called.
        not_found = daemon.metrics()[NOT_FOUND]
        assert client.request('PLAY', url_of(daemon, 'x' * 3000), **headers).status == 404
        assert daemon.metrics()[NOT_FOUND] == not_found + 1
        assert client.request('PLAY', **headers).status == 200
        # RTP that nobody receives, and RTCP that is none.
        client.socket.sendall(RTP_PACKET * 50 + b'$\1\xff\xff' + b'\x80' * 65535)
        run = check_run([stamp for stamp, _ in stamps_of(client.receive(2))])
        assert run.is_whole and run.count > FPS
    with RtspClient(url_of(daemon, 'garden')) as client:
        try:
            for _ in range(20):  # a session each
                client.session = None
                client.request('SETUP', f'{client.url}/stream=0', Transport=transport)
        except ConnectionError:
            pass
        assert client.is_closed
    wait_for_viewers(daemon, 0)


def test_what_viewers_send_leaves_nothing(daemon):
    """RTP in a session that plays, again and again in new connections: also LeakSanitizer looks on."""

    def send_from(n):
        for _ in range(n):
            with RtspClient(url_of(daemon, 'garden')) as client:
                client.play()
                client.socket.sendall(RTP_PACKET * 10_000)
                assert client.request('OPTIONS').status == 200  # it was read up to here
        wait_for_viewers(daemon, 0)

    send_from(3)
    memory = read_rss(daemon.pid)
    send_from(12 if SLOWNESS == 1 else 1)
    if SLOWNESS == 1:  # sanitizers keep what was freed
        # Each packet that stayed would be some 500 bytes.
        assert read_rss(daemon.pid) < memory + 15_000_000


def test_too_many_media(daemon):
    """Each session has a media of its own; of a connection there may be two."""
    transport = 'RTP/AVP/TCP;unicast;interleaved=0-1'
    with contextlib.ExitStack() as stack:
        statuses = []
        for _ in range(MAX_MEDIA // 2 + 2):
            client = stack.enter_context(RtspClient(url_of(daemon, 'garden')))
            for _ in range(2):
                client.session = None
                answer = client.request('SETUP', f'{client.url}/stream=0', Transport=transport)
                statuses.append(answer.status)
        assert answer.reason.startswith('Service Unavailable: Too many') and int(answer.headers['retry-after']) > 0
        assert statuses.count(200) == MAX_MEDIA
        assert set(statuses) == {200, 503}
    refused = daemon.metrics()['potoo_restream_refused_media_total{camera="garden",stream="main"}']
    assert refused >= statuses.count(503)
    wait_for_viewers(daemon, 0)
    with RtspClient(url_of(daemon, 'garden')) as client:
        assert client.describe().status == 200


def test_a_viewer_that_sends_too_much_is_ended(daemon):
    with RtspClient(url_of(daemon, 'garden')) as client:
        client.play()
        try:
            for _ in range(8):
                client.socket.sendall((b'$\1\xff\xff' + b'\x80' * 65535))
                time.sleep(0.05)
        except OSError:
            pass
        wait_for_viewers(daemon, 0)


def test_silent_connections_give_way(daemon):
    links = [connect(daemon) for _ in range(64)]
    time.sleep(1)
    viewers = [Viewer(url_of(daemon, 'garden')) for _ in range(3)]
    for viewer in viewers:
        viewer.wait_picture()
    for viewer in viewers:
        assert check_run(viewer.stop()).count > 0
    assert daemon.metrics()['potoo_restream_clients'] <= 64
    for link in links:
        link.close()
    wait_for_viewers(daemon, 0)


def test_many_viewers_one_after_the_other(daemon):
    """Nothing of them stays: more than there may be at once."""
    for _ in range(300):
        with RtspClient(url_of(daemon, 'garden')) as client:
            client.play()
    wait_for_viewers(daemon, 0)


def test_a_viewer_that_never_reads_is_dropped(workshop):
    """Its connection ends by itself; nobody else loses a frame."""
    big = workshop.sim({'big': {'width': 1280, 'height': 720, 'bitrate': 6000}})
    daemon = workshop.daemon()
    daemon.add_camera(id='big', url=big.urls['big'])
    wait_until(lambda: describe(daemon, 'big') == 200, 20, 'the camera to be served')
    good = Viewer(url_of(daemon, 'big'))
    threads, started = count_threads(daemon.pid), time.monotonic()
    stalled = RtspClient(url_of(daemon, 'big'))
    stalled.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.play()
    wait_for_viewers(daemon, 2)
    wait_for_viewers(daemon, 1, timeout=20)
    wait_until(lambda: count_threads(daemon.pid) <= threads, 5, 'threads to end')
    time.sleep(max(0, STALL_S - (time.monotonic() - started)))
    stalled.close()
    assert check_run(good.stop()).is_whole
    assert_recording_is_whole(daemon, 'big')


def test_a_slow_viewer_goes_on_with_the_newest_keyframe(workshop):
    """It reads half of what comes: it skips, whole GOPs, and is never far behind."""
    big = workshop.sim({'big': {'width': 1280, 'height': 720, 'bitrate': 6000}})
    daemon = workshop.daemon()
    daemon.add_camera(id='big', url=big.urls['big'])
    wait_until(lambda: describe(daemon, 'big') == 200, 20, 'the camera to be served')
    ages, stamps = [], []
    with RtspClient(url_of(daemon, 'big')) as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.play()
        end = time.monotonic() + 12
        while time.monotonic() < end:
            packet = client.take_packet()
            for stamp, _ in stamps_of([packet]):
                ages.append((time.time_ns() // 1000 - stamp.wall_us) / 1e6)
                stamps.append(stamp)
            time.sleep(len(packet.data) * 8 / 3e6)  # 3 Mb/s
        metrics = daemon.metrics()  # while it is there
    assert metrics['potoo_restream_jumps_total{camera="big",stream="main"}'] >= 1
    assert max(ages) < 6
    # Where something is missing, a keyframe follows (one each 25 frames).
    for before, after in zip(stamps, stamps[1:]):
        assert after.number == before.number + 1 or (after.number > before.number and after.number % 25 == 0)


def test_connection_storm(make_daemon, sim):
    """200 a second, 10 of them to PLAY; then everything is as it was."""
    daemon = make_daemon()
    daemon.add_camera(id='door', url=sim.urls['garden'])
    wait_until(lambda: describe(daemon, 'door') == 200, 20, 'the camera to be served')
    Viewer(url_of(daemon, 'door')).stop()
    viewer = Viewer(url_of(daemon, 'door'))
    viewer.wait_picture()
    time.sleep(2)
    threads, memory = count_threads(daemon.pid), read_rss(daemon.pid)
    start = time.monotonic()
    for number in range(200 * STORM_S):
        if number % 20 == 0:
            with RtspClient(url_of(daemon, 'door')) as client:
                client.play()
        else:
            connect(daemon).close()
        time.sleep(max(0, start + (number + 1) * SLOWNESS / 200 - time.monotonic()))
    wait_for_viewers(daemon, 1)
    wait_until(lambda: count_threads(daemon.pid) <= threads, 5, 'threads to end')
    if SLOWNESS == 1:  # sanitizers keep what was freed
        assert read_rss(daemon.pid) < memory + 24_000_000
    assert check_run(viewer.stop()).is_whole
    assert daemon.metrics()['potoo_restream_connections_total'] > 180 * STORM_S
    assert_recording_is_whole(daemon, 'door')


# --- the camera ---


@pytest.mark.parametrize('resize', [False, True])
def test_viewers_outlast_a_camera(workshop, resize):
    """It goes for two seconds and comes back, even as another size: the same connections go on."""
    sim = workshop.sim({'door': {'audio': 'aac'}})
    daemon = workshop.daemon()
    daemon.add_camera(id='door', url=sim.urls['door'])
    wait_until(lambda: describe(daemon, 'door') == 200, 20, 'the camera to be served')
    viewers = [Viewer(url_of(daemon, 'door')) for _ in range(10)]
    time.sleep(1)
    sim.fault('door', 'refuse', 'on')
    sim.fault('door', 'drop')
    time.sleep(1)
    last = max(stamp.number for stamp in viewers[0].stamps)
    time.sleep(1)
    if resize:
        sim.fault('door', 'caps-change', '1')
    sim.fault('door', 'refuse', 'off')
    for viewer in viewers:
        wait_until(
            lambda: sum(s.number > last for s in viewer.stamps) > 3 * FPS, 20, 'pictures to come again'
        )
    for viewer in viewers:
        packets = list(viewer.packets)
        stamps = viewer.stop()
        assert not viewer.closed
        before = [s for s in stamps if s.number <= last]
        after = [s for s in stamps if s.number > last]
        assert check_run(before).is_whole and check_run(after).is_whole
        # One time line: RTP time grows as wall time does, over the gap too.
        pairs = stamps_of([p for p in packets if p.channel == 0])
        (first, a), (newest, b) = pairs[0], pairs[-1]
        ticks = (b.rtp_time - a.rtp_time) % (1 << 32)
        assert abs(ticks / 90000 - (newest.wall_us - first.wall_us) / 1e6) < 0.1
    # What is under way when a camera is switched off is not recorded: a fragment, one second.
    segments = daemon.disable_camera('door')
    recorded = {s.number for seg in segments for s in read_stamps(daemon.segment_path(seg))}
    assert {s.number for s in stamps if s.number <= max(recorded)} <= recorded
    assert max(recorded) > last + FPS


def test_removing_a_camera_ends_its_viewers(make_daemon, sim):
    daemon = make_daemon()
    daemon.add_camera(id='door', url=sim.urls['garden'])
    wait_until(lambda: describe(daemon, 'door') == 200, 20, 'the camera to be served')
    viewer = Viewer(url_of(daemon, 'door'))
    viewer.wait_picture()
    assert daemon.api('DELETE', '/api/v1/cameras/door')[0] in (200, 204)
    wait_until(lambda: viewer.closed, 5, 'the connection to end')
    assert describe(daemon, 'door') == 404


def test_stopping_with_viewers(make_daemon, sim):
    daemon = make_daemon()
    daemon.add_camera(id='door', url=sim.urls['door'])
    wait_until(lambda: describe(daemon, 'door') == 200, 20, 'the camera to be served')
    viewers = [Viewer(url_of(daemon, 'door')) for _ in range(5)]
    half = connect(daemon)
    half.sendall(b'DESCRIBE rtsp')
    describing = RtspClient(url_of(daemon, 'door'))
    describing.describe()
    start = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - start < 4 * SLOWNESS
    for viewer in viewers:
        wait_until(lambda: viewer.closed, 2, 'the connection to end')
    assert is_closed(half, 2)
    describing.close()
