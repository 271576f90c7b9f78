# SPDX-License-Identifier: GPL-3.0-or-later
"""Live streams over RTSP: every frame for every viewer, and nothing that a viewer does is felt elsewhere."""

import os
import re
import socket
import statistics
import subprocess
import time

import pytest
from potoo_process import POTOO, SLOWNESS, wait_until
from potoo_recording import find_lost_and_doubled, read_stamps
from potoo_restream import Viewer, count_threads, ffmpeg, read_rss, rtspsrc
from potoo_rtsp_client import RtspClient, stamps_of
from potoo_sei import check_run

# Longer by name: scripts/test restream-long.
STORM_S = int(os.environ.get('POTOO_STORM_S', 5))
STALL_S = int(os.environ.get('POTOO_STALL_S', 0))

FPS = 25
# A keyframe each 4 s: who does not get the cached pictures waits for long.
CAMERAS = {
    'door': {'codec': 'h264', 'audio': 'aac', 'gop': 100, 'loop': 8, 'bitrate': 1000},
    'b-frames': {'codec': 'h264', 'audio': 'opus', 'gop': 50, 'bframes': 2},
    'garden': {'codec': 'h265'},
}
FIRST_PICTURE_S = 0.1
RTP_PACKET = b'$\0\0\x0cabcdefghijkl'
ADDED_LATENCY_S = 0.02


@pytest.fixture(scope='module')
def sim(module_workshop):
    return module_workshop.sim(CAMERAS)


@pytest.fixture(scope='module')
def daemon(module_workshop, sim):
    daemon = module_workshop.daemon()
    for name in CAMERAS:
        daemon.add_camera(id=name, url=sim.urls[name])
    for name in CAMERAS:
        wait_until(lambda: describe(daemon, name) == 200, 20, f'{name} to be served')
    return daemon


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


# --- media ---


def test_players_get_every_frame(daemon, tmp_path):
    players = {}
    for transport in ('tcp', 'udp'):
        for name, camera in CAMERAS.items():
            for program in (ffmpeg, rtspsrc):
                path = tmp_path / f'{program.__name__}-{transport}-{name}'
                player = program(url_of(daemon, name), camera['codec'], transport, path)
                players[path.name] = (player, camera)
    time.sleep(8 * SLOWNESS)
    runs = {
        name: check_run(player.stop(), camera.get('bframes', 0))
        for name, (player, camera) in players.items()
    }
    failed = {name: run for name, run in runs.items() if not run.is_whole or run.count < 4 * FPS}
    assert not failed, runs


def test_first_picture_comes_at_once(daemon):
    """For the first viewer and for the 20th, whose keyframe is up to 4 s old."""
    viewers = []
    try:
        for _ in range(20):
            viewers.append(Viewer(url_of(daemon, 'door')))
            viewers[-1].wait_picture()
            time.sleep(0.1)
        times = [viewer.first_picture for viewer in viewers]
        time.sleep(1)
    finally:
        runs = [check_run(viewer.stop()) for viewer in viewers]
    assert all(run.is_whole and run.first % 100 == 0 for run in runs), runs
    # Sanitizers take the processors from each other: one of the twenty may wait for its turn.
    judged = max(times) if SLOWNESS == 1 else statistics.median(times)
    assert judged <= FIRST_PICTURE_S * SLOWNESS, times
    wait_for_viewers(daemon, 0)


def median_latency(client, seconds):
    """How old the pictures are that come now; what was cached before does not count."""
    client.receive(1)
    pairs = stamps_of(client.receive(seconds))
    assert len(pairs) > FPS
    return statistics.median((packet.arrival_us - stamp.wall_us) / 1e6 for stamp, packet in pairs)


@pytest.mark.parametrize('camera', CAMERAS)
def test_latency(daemon, sim, camera):
    with RtspClient(sim.urls[camera]) as client:
        client.play()
        direct = median_latency(client, 2)
    with RtspClient(url_of(daemon, camera)) as client:
        client.play()
        restreamed = median_latency(client, 2)
    assert restreamed - direct <= ADDED_LATENCY_S * SLOWNESS


def wall_times(packets, track, clock_rate):
    """(payload, wall time by the newest sender report) of each RTP packet of @track."""
    reports = [p.report for p in packets if p.is_sender_report and p.channel == 2 * track + 1]
    assert reports, 'no sender report came'
    wall_us, rtp_time = reports[-1]
    times = []
    for packet in packets:
        if packet.channel == 2 * track:
            ticks = (packet.rtp_time - rtp_time + (1 << 31)) % (1 << 32) - (1 << 31)
            times.append((packet.data[12:], wall_us + ticks * 1_000_000 // clock_rate))
    return times


def test_sound_stays_with_the_picture(daemon, sim):
    """Both tracks are dated as the camera dates them: pictures by their stamps, sound by its bytes."""
    with RtspClient(sim.urls['door']) as direct, RtspClient(url_of(daemon, 'door')) as restreamed:
        direct.play()
        restreamed.play()
        theirs = dict(wall_times(direct.receive(3.5), 1, 16000))
        packets = restreamed.receive(0.5)
    assert all(report.report[0] > 0 for report in packets if report.is_sender_report)
    ours = wall_times(packets, 1, 16000)
    differences = [wall - theirs[payload] for payload, wall in ours if payload in theirs]
    differences = [d for d in differences if abs(d) < 2_000_000]  # the sound repeats
    assert len(differences) > 20
    assert abs(statistics.median(differences)) < 20_000, differences[:10]

    shown = [
        (stamp.wall_us, wall)
        for payload, wall in wall_times(packets, 0, 90000)
        for stamp in [s for s, _ in stamps_of([packets[0]._replace(channel=0, data=payload)])]
    ]
    assert len(shown) > FPS
    assert abs(statistics.median(wall - stamp for stamp, wall in shown)) < 20_000


def test_rtp_info_places_both_tracks(daemon):
    """ffmpeg puts sound to picture by it until the first sender report."""
    with RtspClient(url_of(daemon, 'door')) as client:
        body = client.describe().body
        for i, control in enumerate(re.findall(r'a=control:(stream=\d+)', body)):
            transport = f'RTP/AVP/TCP;unicast;interleaved={2 * i}-{2 * i + 1}'
            assert client.request('SETUP', f'{client.url}/{control}', Transport=transport).status == 200
        answer = client.request('PLAY')
        info = re.findall(r'stream=(\d).*?;seq=(\d+);rtptime=(\d+)', answer.headers['rtp-info'])
        packets = client.receive(1)
    assert len(info) == 2
    for track, sequence, rtp_time in info:
        first = next(p for p in packets if p.channel == 2 * int(track))
        rate = 90000 if track == '0' else 16000
        assert first.sequence == int(sequence)
        assert 0 <= (first.rtp_time - int(rtp_time)) % (1 << 32) <= rate // 2


@pytest.mark.parametrize('track', [0, 1])
def test_one_track_alone(daemon, track):
    """What was not set up stops nobody."""
    with RtspClient(url_of(daemon, 'door')) as client:
        assert client.describe().status == 200
        transport = 'RTP/AVP/TCP;unicast;interleaved=0-1'
        answer = client.request('SETUP', f'{client.url}/stream={track}', Transport=transport)
        assert answer.status == 200
        assert client.request('PLAY').status == 200
        packets = [p for p in client.receive(3) if p.is_rtp]
    if track == 0:
        assert check_run([stamp for stamp, _ in stamps_of(packets)]).count > 2 * FPS
    else:
        assert len(packets) > 30


def test_pause_and_go_on(daemon):
    with RtspClient(url_of(daemon, 'garden')) as client:
        client.play()
        client.receive(1)
        assert client.request('PAUSE').status == 200
        client.receive(5)
        assert client.request('PLAY').status == 200
        time_of_play_us = time.time_ns() // 1000
        stamps = [stamp for stamp, _ in stamps_of(client.receive(2))]
    # A few pictures were on their way; then it goes on with the newest, not with what was missed.
    assert sum(stamp.wall_us < time_of_play_us - 2_000_000 for stamp in stamps) < 2 * FPS
    assert sum(stamp.wall_us > time_of_play_us for stamp in stamps) > FPS


# --- answers ---


@pytest.mark.parametrize(
    'path',
    ['nowhere', 'door/sub', 'door/main', 'door/sub/x', '', 'Door', 'door?stream=sub', '../door', 'x' * 300],
)
def test_unknown_path(daemon, path):
    assert describe(daemon, path) == 404


def test_no_picture(daemon):
    url = 'rtsp://127.0.0.1:9/x'
    daemon.add_camera(id='off', url=url, sub_url=url, enabled=False)
    for path in ('off', 'off/sub'):
        start = time.monotonic()
        with RtspClient(url_of(daemon, path)) as client:
            answer = client.describe()
            assert answer.status == 503
            assert int(answer.headers['retry-after']) > 0
        assert time.monotonic() - start < 2 * SLOWNESS
    assert daemon.api('DELETE', '/api/v1/cameras/off')[0] in (200, 204)
    assert describe(daemon, 'off') == 404


@pytest.mark.parametrize('listen', ['0.0.0.0:8554', '[::]:8554', 'unix:/tmp/rtsp', '192.0.2.1:8554'])
def test_only_loopback(tmp_path, listen):
    path = tmp_path / 'potoo.conf'
    path.write_text(f'[rtsp]\nlisten={listen}\n', encoding='utf-8')
    result = subprocess.run(
        [POTOO, '--config', path, '--state-dir', tmp_path / 'state', '--check-config'],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 78
    assert f'{path}:2: listen: ' in result.stderr


def test_ipv6(make_daemon, sim, tmp_path):
    """Beside IPv4, over both transports."""
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(('::1', 0))
        port = probe.getsockname()[1]
    daemon = make_daemon(config={'rtsp': {'listen': f'[::1]:{port};127.0.0.1:{port}'}})
    daemon.add_camera(id='door', url=sim.urls['door'])
    url = f'rtsp://[::1]:{port}/door'
    wait_until(lambda: describe_at(f'rtsp://127.0.0.1:{port}/door') == 200, 20, 'the camera to be served')
    players = {
        (program.__name__, transport): program(url, 'h264', transport, tmp_path / f'{program.__name__}-{transport}')
        for program in (ffmpeg, rtspsrc)
        for transport in ('tcp', 'udp')
    }
    wait_until(lambda: daemon.metrics()['potoo_restream_viewers'] == 4, 10, 'all to play')
    time.sleep(3)
    runs = {key: check_run(player.stop()) for key, player in players.items()}
    assert all(run.is_whole and run.count > 2 * FPS for run in runs.values()), runs


def test_without_rtsp(make_daemon):
    daemon = make_daemon(config={'rtsp': {'listen': ''}})
    with pytest.raises(OSError):
        socket.create_connection(('127.0.0.1', daemon.rtsp_port), 2)


def test_a_taken_port_stops_nothing_else(make_daemon):
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        daemon = make_daemon(config={'rtsp': {'listen': f'127.0.0.1:{other.getsockname()[1]}'}})
        assert 'Live streams are not served over RTSP' in daemon.read_log()


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
