# SPDX-License-Identifier: GPL-3.0-or-later
"""Live streams over RTSP: every frame for every viewer, at once, and the answers to what is not there."""

import re
import socket
import statistics
import subprocess
import time

import pytest
from potoo_process import POTOO, SLOWNESS, wait_until
from potoo_restream import Viewer, describe, describe_at, ffmpeg, rtspsrc, url_of, wait_for_viewers
from potoo_rtsp_client import RtspClient, stamps_of
from potoo_rtsp_proxy import RtspProxy
from potoo_sei import check_run

FPS = 25
# A keyframe each 4 s: who does not get the cached pictures waits for long.
CAMERAS = {
    'door': {'codec': 'h264', 'audio': 'aac', 'gop': 100, 'loop': 8, 'bitrate': 1000},
    'b-frames': {'codec': 'h264', 'audio': 'opus', 'gop': 50, 'bframes': 2},
    'garden': {'codec': 'h265'},
}
# Beside other tests, which may take the processors for a while. tests/bench/restream.py runs alone
# and judges what is promised: 100 and 20 ms. A viewer without the cached pictures waits for 2 s.
FIRST_PICTURE_S = 0.5
ADDED_LATENCY_S = 0.25
JOINS = 10  # over a GOP


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


def answer_late(head):
    time.sleep(0.1)
    return head


def test_player_that_comes_late_in_a_gop(daemon, tmp_path):
    """It drops what it puts before the first picture, whose time it counts from when it asked first."""
    players = []
    with RtspProxy(url_of(daemon, 'b-frames'), edit_head=answer_late) as far:
        for i in range(JOINS):
            players.append(rtspsrc(far.url, 'h264', 'tcp', tmp_path / f'{i}'))
            time.sleep(CAMERAS['b-frames']['gop'] / FPS / JOINS)
        time.sleep(3 * SLOWNESS)
        runs = [check_run(player.stop(), CAMERAS['b-frames']['bframes']) for player in players]
    assert all(run.is_whole for run in runs), runs


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
    assert statistics.median(times) <= FIRST_PICTURE_S * SLOWNESS, times
    wait_for_viewers(daemon, 0)


def test_viewer_that_asks_a_track_to_play(daemon):
    with RtspClient(url_of(daemon, 'door')) as client:
        client.play('/stream=0')
        packets = client.receive(2 * SLOWNESS)
        assert stamps_of(packets) and {packet.channel for packet in packets} >= {0, 2}
        assert client.request('PLAY', client.url + '/elsewhere').status == 460


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
    theirs, packets = [], []
    with RtspClient(sim.urls['door']) as direct, RtspClient(url_of(daemon, 'door')) as restreamed:
        direct.play()
        restreamed.play()
        for _ in range(8):  # in turns: who does not read is a slow viewer
            theirs += direct.receive(0.5)
            packets += restreamed.receive(0.1)
    assert all(report.report[0] > 0 for report in packets if report.is_sender_report)
    ours = wall_times(packets, 1, 16000)
    differences = [
        wall - their_wall
        for payload, wall in ours
        for their_payload, their_wall in wall_times(theirs, 1, 16000)
        if payload == their_payload and abs(wall - their_wall) < 2_000_000  # the sound repeats
    ]
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


def test_says_why(daemon):
    """In the reason phrase, which is what players show."""
    with RtspClient(url_of(daemon, 'nowhere')) as client:
        assert client.describe().reason == 'Not Found: There is no stream main of nowhere'
    daemon.add_camera(id='dead', url='rtsp://127.0.0.1:9/x')
    with RtspClient(url_of(daemon, 'dead')) as client:
        assert client.describe().reason == 'Service Unavailable: No picture has come from the camera yet'
    shown = subprocess.run(
        ['ffmpeg', '-v', 'error', '-i', url_of(daemon, 'dead'), '-f', 'null', '-'], capture_output=True, text=True
    )
    assert 'No picture has come from the camera yet' in shown.stderr
    assert daemon.api('DELETE', '/api/v1/cameras/dead')[0] == 204


def test_no_picture(daemon):
    url = 'rtsp://127.0.0.1:9/x'
    daemon.add_camera(id='off', url=url, sub_url=url, enabled=False)
    for path in ('off', 'off/sub'):
        start = time.monotonic()
        with RtspClient(url_of(daemon, path)) as client:
            answer = client.describe()
            assert answer.status == 503
            assert answer.reason == 'Service Unavailable: Camera off is switched off'
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
