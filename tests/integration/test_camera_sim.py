# SPDX-License-Identifier: GPL-3.0-or-later
"""potoo-camera-sim behaves as a camera, and its stamps can be trusted."""

import json
import os
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from potoo_process import CAMERA_SIM, wait_until
from potoo_rtsp_client import RtspClient, stamps_of
from potoo_sei import check_run, read_block_code, read_files, read_sei
from potoo_sim import Sim

SMALL = {'width': 320, 'height': 240, 'fps': 25, 'gop': 25, 'bitrate': 300, 'loop': 2}
CAMERAS = {
    'h264': {**SMALL, 'audio': 'none'},
    'h265': {**SMALL, 'codec': 'h265', 'audio': 'none'},
    'bframes': {**SMALL, 'bframes': 2, 'audio': 'none'},
    'bframes5': {**SMALL, 'codec': 'h265', 'bframes': 2, 'audio': 'none'},
    'slices': {**SMALL, 'slices': 3, 'audio': 'none'},
    'aac': {**SMALL, 'audio': 'aac'},
    'pcmu': {**SMALL, 'audio': 'pcmu'},
    'pcma': {**SMALL, 'audio': 'pcma'},
    'opus': {**SMALL, 'audio': 'opus'},
    'auth': {**SMALL, 'user': 'admin', 'password': 'secret', 'audio': 'none'},
}
TWO_WRAPS = 2 * SMALL['loop'] + 1
AUDIO = {'aac': 'MPEG4-GENERIC/16000', 'pcmu': 'PCMU/8000', 'pcma': 'PCMA/8000', 'opus': 'OPUS/48000'}
AUDIO_PACKETS = {'aac': 15.6, 'pcmu': 25, 'pcma': 25, 'opus': 50}  # a second


@pytest.fixture(scope='module')
def cameras(module_workshop):
    return module_workshop.sim(CAMERAS)


@pytest.fixture(scope='module')
def recordings(cameras):
    """What every camera sends at the same time, and its SDP."""

    def record(name):
        user, password = ('admin', 'secret') if name == 'auth' else (None, None)
        with RtspClient(cameras.urls[name], user, password) as client:
            sdp = client.play()
            return sdp, client.receive(TWO_WRAPS)

    with ThreadPoolExecutor(len(CAMERAS)) as pool:
        return dict(zip(CAMERAS, pool.map(record, CAMERAS)))


def status(sim, name):
    return json.loads(sim.fault(name, 'status').removeprefix('ok '))


def numbers_of(packets):
    return [stamp.number for stamp, _ in stamps_of(packets)]


def audio_of(packets):
    return [packet for packet in packets if packet.channel == 2]


def sim_of(directory, **arguments):
    """A simulator that is not shared, with one small camera."""
    return Sim(directory, {'cam1': {**SMALL, 'audio': 'none'}}, **arguments)


# --- what comes ---


@pytest.mark.parametrize('name', CAMERAS)
def test_every_frame_comes_once(recordings, name):
    stamps = [stamp for stamp, _ in stamps_of(recordings[name][1])]
    reorder = CAMERAS[name].get('bframes', 0)
    run = check_run(stamps, reorder)
    assert run.count >= (TWO_WRAPS - 0.5) * SMALL['fps']
    assert run.is_whole, run
    if reorder:
        assert check_run(stamps).out_of_order, 'no B-frames'
    positions = {(stamp.loop_pos - stamp.number) % (SMALL['loop'] * SMALL['fps']) for stamp in stamps}
    assert len(positions) == 1, 'the place in the loop does not follow the number'


@pytest.mark.parametrize('name', CAMERAS)
def test_no_packet_is_lost(recordings, name):
    packets = recordings[name][1]
    for channel in {packet.channel for packet in packets if packet.is_rtp}:
        sequence = [packet.sequence for packet in packets if packet.channel == channel]
        assert all((b - a) % 65536 == 1 for a, b in zip(sequence, sequence[1:]))


def test_frames_come_at_their_time(recordings):
    late = sorted(
        packet.arrival_us - stamp.wall_us for stamp, packet in stamps_of(recordings['h264'][1])
    )
    assert late[0] > -2_000, 'a picture came before it was sampled'
    assert late[len(late) // 2] < 20_000
    print(f'median {late[len(late) // 2]} µs, 99 % {late[len(late) * 99 // 100]} µs')


@pytest.mark.parametrize('name', ['h264', 'bframes'])
def test_sender_reports_agree_with_stamps(recordings, name):
    packets = recordings[name][1]
    reports = [packet.report for packet in packets if packet.is_sender_report]
    assert len(reports) >= 2
    wall_us, rtp_time = reports[-1]
    for stamp, packet in stamps_of(packets):
        ticks = (packet.rtp_time - rtp_time + (1 << 31)) % (1 << 32) - (1 << 31)
        assert abs(wall_us + ticks * 1_000_000 // 90_000 - stamp.wall_us) < 5_000


@pytest.mark.parametrize('name', AUDIO)
def test_audio(recordings, name):
    sdp, packets = recordings[name]
    assert AUDIO[name] in sdp
    expected = AUDIO_PACKETS[name] * TWO_WRAPS
    assert 0.85 * expected < len(audio_of(packets)) < 1.1 * expected


def test_starts_at_once_and_not_at_a_keyframe(cameras):
    """The first picture is the current one; RTP time goes on from one client to the next."""
    firsts = []
    for _ in range(4):
        with RtspClient(cameras.urls['h264']) as client:
            client.play()
            firsts.append(stamps_of(client.receive(0.4))[0])
        time.sleep(0.13)
    for stamp, packet in firsts:
        assert packet.arrival_us - stamp.wall_us < 120_000
    assert any(stamp.loop_pos % SMALL['gop'] for stamp, _ in firsts)
    (stamp, packet), (last_stamp, last_packet) = firsts[0], firsts[-1]
    ticks = (last_packet.rtp_time - packet.rtp_time) % (1 << 32)
    assert abs(ticks - (last_stamp.number - stamp.number) * 3600) <= 2


def test_two_clients_get_the_same(cameras):
    with RtspClient(cameras.urls['h264']) as one, RtspClient(cameras.urls['h264']) as other:
        one.play()
        other.play()
        one_numbers, other_numbers = numbers_of(one.receive(1)), numbers_of(other.receive(0.5))
    common = set(one_numbers) & set(other_numbers)
    assert len(common) > 10
    assert one_numbers == sorted(set(one_numbers))


@pytest.mark.parametrize('transport', ['tcp', 'udp'])
@pytest.mark.parametrize('name', ['aac', 'h265'])
def test_ffmpeg_records_it(cameras, tmp_path, name, transport):
    path = tmp_path / 'out.ts'
    subprocess.run(
        ['ffmpeg', '-v', 'error', '-rtsp_transport', transport, '-i', cameras.urls[name]]
        + ['-t', '2', '-c', 'copy', path],
        check=True,
        timeout=30,
    )
    run = check_run(read_files(path))
    assert run.count >= 25
    assert not run.doubled and not run.lost


def test_picture_carries_its_place(cameras, tmp_path):
    """Decoded at another size, each picture's block code is its stamp's place."""
    path, raw = tmp_path / 'out.h264', tmp_path / 'out.gray'
    with RtspClient(cameras.urls['h264']):
        command = ['ffmpeg', '-v', 'error', '-rtsp_transport', 'tcp', '-i', cameras.urls['h264']]
        subprocess.run([*command, '-t', '3', '-c', 'copy', path], check=True, timeout=30)
    scale = ['-vf', 'scale=208:160', '-pix_fmt', 'gray', '-f', 'rawvideo', raw]
    subprocess.run(['ffmpeg', '-v', 'error', '-i', path, *scale], check=True, timeout=30)
    frames = raw.read_bytes()
    size = 208 * 160
    codes = [read_block_code(frames[i : i + size], 208, 160) for i in range(0, len(frames), size)]
    positions = [stamp.loop_pos for stamp in read_sei(path.read_bytes())]
    assert None not in codes
    assert len(codes) > 25
    assert codes == positions[-len(codes) :]


def test_sub_stream(cameras):
    with RtspClient(cameras.sub_urls['h265']) as client:
        sdp = client.play()
        numbers = numbers_of(client.receive(1.5))
    assert 'H264/90000' in sdp and 'm=audio' not in sdp
    assert 12 <= len(numbers) <= 17
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


# --- who may ---


def test_unknown_path_is_404(cameras):
    for path in ('nowhere/main', 'h264/other', 'h264', ''):
        with RtspClient(f'rtsp://127.0.0.1:{cameras.port}/{path}') as client:
            assert client.describe().status == 404


@pytest.mark.parametrize('user, password', [(None, None), ('admin', 'wrong'), ('root', 'secret')])
def test_wrong_credentials_are_401(cameras, user, password):
    with RtspClient(cameras.urls['auth'], user, password) as client:
        response = client.describe()
    assert response.status == 401
    assert 'realm="potoo-camera-sim"' in response.headers['www-authenticate']


def test_password_can_be_changed(cameras):
    cameras.fault('auth', 'set-password', 'new')
    try:
        with RtspClient(cameras.urls['auth'], 'admin', 'secret') as client:
            assert client.describe().status == 401
        with RtspClient(cameras.urls['auth'], 'admin', 'new') as client:
            assert client.describe().status == 200
    finally:
        cameras.fault('auth', 'set-password', 'secret')
    with pytest.raises(AssertionError, match='no user'):
        cameras.fault('h264', 'set-password', 'new')


def test_tls(tmp_path):
    sim = sim_of(tmp_path, tls=True)
    try:
        assert sim.urls['cam1'].startswith('rtsps://')
        with RtspClient(sim.urls['cam1']) as client:
            client.play()
            assert len(numbers_of(client.receive(1))) > 15
    finally:
        sim.close()


# --- faults ---


@pytest.fixture
def switch(cameras):
    """switch('h264', 'stall') turns a fault on until the test ends."""
    on = []

    def turn_on(name, fault):
        cameras.fault(name, fault, 'on')
        on.append((name, fault))

    yield turn_on
    for name, fault in on:
        cameras.fault(name, fault, 'off')


def test_drop_is_for_one_camera(cameras):
    with RtspClient(cameras.urls['h264']) as dropped, RtspClient(cameras.urls['slices']) as kept:
        dropped.play()
        kept.play()
        wait_until(lambda: status(cameras, 'h264')['clients'] == 1, 5, 'one client')
        cameras.fault('h264', 'drop')
        assert dropped.is_closed
        assert not kept.is_closed
    with RtspClient(cameras.urls['h264']) as client:
        client.play()
        assert numbers_of(client.receive(0.5))


def test_drop_ends_udp(cameras):
    with socket.socket(type=socket.SOCK_DGRAM) as rtp, socket.socket(type=socket.SOCK_DGRAM) as rtcp:
        for link in (rtp, rtcp):
            link.bind(('127.0.0.1', 0))
            link.settimeout(1)
        ports = f'{rtp.getsockname()[1]}-{rtcp.getsockname()[1]}'
        with RtspClient(cameras.urls['h264']) as client:
            transport = f'RTP/AVP;unicast;client_port={ports}'
            assert client.describe().status == 200
            setup = client.request('SETUP', f'{client.url}/stream=0', Transport=transport)
            assert setup.status == 200
            assert client.request('PLAY').status == 200
            rtp.recv(2000)
            cameras.fault('h264', 'drop')
            time.sleep(0.3)
        rtp.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                rtp.recv(2000)
        rtp.settimeout(0.5)
        with pytest.raises(TimeoutError):
            rtp.recv(2000)


def test_stall(cameras, switch):
    with RtspClient(cameras.urls['aac']) as client, RtspClient(cameras.urls['h264']) as other:
        client.play()
        other.play()
        assert client.receive(0.5)
        switch('aac', 'stall')
        client.receive(0.2)
        assert client.receive(1.5) == []
        with RtspClient(cameras.urls['aac']) as late:
            late.play()
            assert late.receive(0.5) == []
        assert len(numbers_of(other.receive(0.2))) > 20
        cameras.fault('aac', 'stall', 'off')
        assert numbers_of(client.receive(0.5))


def test_silent_audio(cameras, switch):
    with RtspClient(cameras.urls['opus']) as client:
        client.play()
        client.receive(0.3)
        switch('opus', 'silent-audio')
        client.receive(0.2)
        packets = client.receive(1)
        assert audio_of(packets) == [] and numbers_of(packets)
    with RtspClient(cameras.urls['opus']) as client:
        assert 'm=audio' in client.play()
        packets = client.receive(1)
        assert audio_of(packets) == [] and numbers_of(packets)


def test_no_audio(cameras, switch):
    with RtspClient(cameras.urls['aac']) as before:
        assert 'm=audio' in before.play()
        switch('aac', 'no-audio')
        with RtspClient(cameras.urls['aac']) as client:
            assert 'm=audio' not in client.play()
            assert numbers_of(client.receive(0.5))
        assert audio_of(before.receive(0.5))


@pytest.mark.parametrize('name', ['auth', 'h264'])
def test_refuse_auth(cameras, switch, name):
    switch(name, 'refuse-auth')
    with RtspClient(cameras.urls[name], 'admin', 'secret') as client:
        assert client.describe().status == 401
    cameras.fault(name, 'refuse-auth', 'off')
    with RtspClient(cameras.urls[name], 'admin', 'secret') as client:
        assert client.describe().status == 200


def test_black_hole(cameras, switch):
    switch('h264', 'black-hole')
    with RtspClient(cameras.urls['h264'], timeout=1) as client:
        with pytest.raises(TimeoutError):
            client.describe()
        assert not client.is_closed
    with RtspClient(cameras.urls['slices']) as client:
        assert client.describe().status == 200


def test_refuse(cameras, switch):
    with RtspClient(cameras.urls['h264']) as before:
        before.play()
        switch('h264', 'refuse')
        with RtspClient(cameras.urls['h264']) as client, pytest.raises(ConnectionError):
            client.describe()
        assert numbers_of(before.receive(0.5))


def test_no_keyframes(cameras, switch):
    with RtspClient(cameras.urls['h264']) as client:
        client.play()
        switch('h264', 'no-keyframes')
        client.receive(0.1)
        stamps = [stamp for stamp, _ in stamps_of(client.receive(2.2))]
    lost = check_run(stamps).lost
    assert len(stamps) > 45 and 2 <= len(lost) <= 3
    assert all(stamp.loop_pos % SMALL['gop'] for stamp in stamps)


@pytest.mark.parametrize('command', [('resolution', '160x120'), ('caps-change', '1')])
def test_caps_change(cameras, tmp_path, command):
    """Frame numbers go on; the decoder sees another size from a keyframe on."""
    path = tmp_path / 'out.h264'
    sizes = {'resolution': (160, 120), 'caps-change': (640, 360)}[command[0]]
    try:
        with RtspClient(cameras.urls['slices']) as client:
            client.play()
            client.receive(0.3)
            cameras.fault('slices', *command)
            run = check_run([stamp for stamp, _ in stamps_of(client.receive(2.2))])
            assert run.is_whole, run
        assert status(cameras, 'slices')['width'] == sizes[0]
        read = ['ffmpeg', '-v', 'error', '-rtsp_transport', 'tcp', '-i', cameras.urls['slices']]
        subprocess.run([*read, '-t', '2', '-c', 'copy', path], check=True, timeout=30)
        probe = ['ffprobe', '-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0']
        answer = subprocess.run([*probe, path], check=True, timeout=30, capture_output=True)
        assert answer.stdout.decode().strip() == f'{sizes[0]},{sizes[1]}'
    finally:
        cameras.fault('slices', 'caps-change', '0')


def test_bad_commands_are_refused(cameras):
    for words, why in [
        (('nobody', 'drop'), 'no camera'),
        (('h264', 'explode'), 'Unknown fault'),
        (('h264', 'stall'), 'missing'),
        (('h264', 'stall', 'maybe'), 'on or off'),
        (('h264', 'drop', 'now'), 'no argument'),
        (('h264', 'resolution', '1x1'), 'must be'),
        (('h264',), 'a command is'),
    ]:
        with pytest.raises(AssertionError, match=why):
            cameras.fault(*words)
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(cameras.control))
        link.sendall(b'x' * 10_000)
        assert b'too long' in link.recv(1000)


def test_status_of_all(cameras):
    answer = json.loads(cameras.fault('*', 'status').removeprefix('ok '))
    assert [camera['id'] for camera in answer] == list(CAMERAS)
    assert all(camera['units_lost'] == 0 for camera in answer)


# --- the program ---


@pytest.mark.parametrize(
    'arguments, named',
    [
        (['--nonsense'], '--nonsense'),
        (['--port=x'], '--port'),
        (['--port=70000'], '0 to 65535'),
        (['--cameras=0'], '--cameras=0'),
        (['--camera=A'], 'Camera id'),
        (['--camera=a,fps=0'], 'fps=0: must be a number from 1 to 60'),
        (['--camera=a,codec=vp9'], 'h264, h265'),
        (['--camera=a,colour=red'], 'known are codec'),
        (['--camera=a', '--camera=a'], 'twice'),
        (['--camera=a', '--cameras=2'], 'together'),
        (['more'], 'more'),
    ],
)
def test_bad_options(arguments, named):
    done = subprocess.run([CAMERA_SIM, *arguments], capture_output=True, timeout=10)
    assert done.returncode == 64
    assert named in done.stderr.decode()
    assert done.stdout == b''


def test_stops_cleanly_with_clients(tmp_path):
    sim = sim_of(tmp_path)
    with RtspClient(sim.urls['cam1']) as client:
        client.play()
        client.receive(0.2)
        start = time.monotonic()
        assert sim.stop(signal.SIGTERM) == 0
        assert time.monotonic() - start < 1
    assert not sim.control.exists()


def test_control_socket_is_private(cameras):
    assert os.stat(cameras.control).st_mode & 0o777 == 0o600
