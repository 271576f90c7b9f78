# SPDX-License-Identifier: GPL-3.0-or-later
"""What potoo-camera-sim does to packets, connections and descriptions is what it says it does."""

import json
import re
import time

import pytest
from potoo_process import SLOWNESS, wait_until
from potoo_rtsp_client import RtspClient, stamps_of
from potoo_sei import check_run

SMALL = {'width': 320, 'height': 240, 'fps': 25, 'gop': 25, 'bitrate': 300, 'loop': 2, 'audio': 'none'}
CAMERAS = {
    'net': {**SMALL, 'bitrate': 2000, 'seed': 7},
    'clock': SMALL,
    'life': SMALL,
    'drip': SMALL,
    'swell': SMALL,
    'swell5': {**SMALL, 'codec': 'h265'},
    'gop': {**SMALL, 'loop': 4},
    'trickle': SMALL,
    'sdp': SMALL,
    'reboots': SMALL,
}
KINDS = ('empty', 'cut', 'noise', 'bytes', 'lines', 'numbers', 'many', 'huge')


@pytest.fixture(scope='module')
def cameras(module_workshop):
    return module_workshop.sim(CAMERAS)


@pytest.fixture
def turn(cameras):
    """turn('net', 'lose', 5, back=0) until the test ends."""
    turned = []

    def apply(name, fault, value, back):
        cameras.fault(name, fault, str(value))
        turned.append((name, fault, str(back)))

    yield apply
    for words in turned:
        cameras.fault(*words)


def status(sim, name):
    return json.loads(sim.fault(name, 'status').removeprefix('ok '))


def play(cameras, name, seconds, after=lambda: None):
    with RtspClient(cameras.urls[name]) as client:
        client.play()
        client.receive(0.3)
        after()
        return client.receive(seconds)


def sequences(packets):
    return [packet.sequence for packet in packets if packet.channel == 0]


def missing_of(sequence):
    return sum((b - a - 1) % 65536 for a, b in zip(sequence, sequence[1:]))


# --- packets ---


def test_lose(cameras, turn):
    before = status(cameras, 'net')['packets_lost']
    packets = sequences(play(cameras, 'net', 2, lambda: turn('net', 'lose', 10, back=0)))
    n = missing_of(packets)
    lost = status(cameras, 'net')['packets_lost'] - before
    assert 0.05 < n / (len(packets) + n) < 0.16
    assert 0 <= lost - n < 30, 'what it says it has lost'


def test_reorder_and_duplicate(cameras, turn):
    def begin():
        turn('net', 'reorder', 5, back=0)
        turn('net', 'duplicate', 5, back=0)

    packets = sequences(play(cameras, 'net', 2, begin))
    steps = [(b - a + 32768) % 65536 - 32768 for a, b in zip(packets, packets[1:])]
    assert steps.count(0) > 5 and -3 in steps and 2 in steps
    assert (min(steps), max(steps)) == (-3, 4)


def test_corrupt(cameras, turn):
    """A copy is spoilt, not the loop."""
    play(cameras, 'net', 0.5, lambda: turn('net', 'corrupt', 100, back=0))
    assert status(cameras, 'net')['packets_corrupted'] > 50
    cameras.fault('net', 'corrupt', '0')
    packets = play(cameras, 'net', 2.2)
    run = check_run([stamp for stamp, _ in stamps_of(packets)])
    assert run.is_whole and run.count > 45


def test_clock_jump(cameras):
    def report(packets):
        return [p.report[0] for p in packets if p.is_sender_report][-1]

    with RtspClient(cameras.urls['clock']) as client:
        client.play()
        before = report(client.receive(2.5 * SLOWNESS))
        assert abs(before - time.time() * 1e6) < 4e6 * SLOWNESS
        cameras.fault('clock', 'clock-jump', '3600')
        after = report(client.receive(2.5 * SLOWNESS))
    assert abs(after - before - 3600e6) < 5e6 * SLOWNESS


# --- connections ---


def test_half_open(cameras):
    with RtspClient(cameras.urls['life'], timeout=1) as dead:
        dead.play()
        assert dead.receive(0.5)
        cameras.fault('life', 'half-open')
        dead.receive(0.2)
        assert dead.receive(1) == []
        dead.socket.settimeout(1)
        with pytest.raises(TimeoutError):
            dead.request('GET_PARAMETER')
        assert not dead.is_closed
        # Of those that come now it knows.
        with RtspClient(cameras.urls['life']) as client:
            client.play()
            assert len(stamps_of(client.receive(1))) > 15
            assert dead.receive(0.2) == []


def test_slow_drip(cameras, turn):
    turn('drip', 'slow-drip', 400, back=0)
    started = time.monotonic()
    with RtspClient(cameras.urls['drip']) as client:
        response = client.describe()
        taken = time.monotonic() - started
        size = len(response.body) + 100
        assert response.status == 200 and 'H264/90000' in response.body
        assert taken > size / 400 * 0.7
    cameras.fault('drip', 'slow-drip', '0')
    wait_until(lambda: status(cameras, 'drip')['clients'] == 0, 5, 'the connection to be over')
    time.sleep(0.3)  # the media that it had is taken down
    assert len(stamps_of(play(cameras, 'drip', 1))) > 15


def test_reboot_loop(cameras):
    cameras.fault('reboots', 'reboot-loop', '1/1')
    answers = []

    def ask():
        try:
            with RtspClient(cameras.urls['reboots']) as client:
                answers.append(client.describe().status)
        except ConnectionError:
            answers.append(None)
        return re.search('200.*None.*200.*None', str(answers))

    try:
        wait_until(ask, 12, 'two reboots')
    finally:
        cameras.fault('reboots', 'reboot-loop', 'off')
    time.sleep(1.2)
    with RtspClient(cameras.urls['reboots']) as client:
        assert client.describe().status == 200


# --- media ---


@pytest.mark.parametrize('name', ['swell', 'swell5'])
def test_swell(cameras, turn, name):
    def rate(packets):
        return sum(len(p.data) for p in packets if p.is_rtp)

    before = rate(play(cameras, name, 1))
    packets = play(cameras, name, 1, lambda: turn(name, 'swell', 10, back=1))
    assert 6 < rate(packets) / before < 14
    assert check_run([stamp for stamp, _ in stamps_of(packets)]).is_whole


def test_gop(cameras, turn):
    """Every frame comes once, with a keyframe less in the loop."""

    def keyframes(packets):  # those with parameter sets
        return sum(packet.data[12] & 0x1F == 7 for packet in packets if packet.channel == 0)

    with RtspClient(cameras.urls['gop']) as client:
        client.play()
        turn('gop', 'gop', 100, back=25)
        assert status(cameras, 'gop')['gop'] == 100
        first = client.receive(4.1)
        packets = client.receive(2.1)
        assert keyframes(first) >= 1 and keyframes(packets) <= 1
        run = check_run([stamp for stamp, _ in stamps_of(first + packets)])
        assert run.is_whole, run


def test_trickle(cameras, turn):
    with RtspClient(cameras.urls['trickle']) as client:
        client.play()
        client.receive(0.3)
        turn('trickle', 'trickle', 50, back=0)
        slow = stamps_of(client.receive(2))
        assert 20 <= len(slow) <= 30
        cameras.fault('trickle', 'trickle', '0')
        fast = stamps_of(client.receive(1))
        assert len(fast) > 40
        assert check_run([stamp for stamp, _ in slow + fast]).is_whole


def describe_raw(cameras, name):
    """The body, which may be no text; None while the media of the last connection is taken down."""
    with RtspClient(cameras.urls[name]) as client:
        client.send('DESCRIBE', Accept='application/sdp')
        while b'\r\n\r\n' not in client.pending:
            client.fill()
        head, client.pending = client.pending.split(b'\r\n\r\n', 1)
        length = re.search(rb'(?i)content-length: *(\d+)', head)
        body = client.take(int(length[1])) if length else b''
    return [body] if b' 200 ' in head.split(b'\r\n')[0] else None


@pytest.mark.parametrize('kind', KINDS)
def test_sdp(cameras, turn, kind):
    turn('sdp', 'sdp', kind, back='good')
    bodies = [
        wait_until(lambda: describe_raw(cameras, 'sdp'), 10, 'a description')[0] for _ in range(2)
    ]
    if kind in ('empty', 'many', 'huge'):
        sizes = {'empty': (0, 1), 'many': (10_000, 200_000), 'huge': (1_000_000, 1_001_000)}[kind]
        assert sizes[0] <= len(bodies[0]) < sizes[1]
    else:
        assert bodies[0] != bodies[1]


def test_bad_values_are_refused(cameras):
    for words, why in [
        (('net', 'lose', '101'), '0 to 100'),
        (('net', 'lose', 'x'), '0 to 100'),
        (('net', 'lose', 'nan'), '0 to 100'),
        (('net', 'swell', '0'), '1 to 100'),
        (('gop', 'gop', '7'), 'divide the loop'),
        (('sdp', 'sdp', 'nonsense'), 'no such kind'),
        (('reboots', 'reboot-loop', '5'), 'seconds up'),
        (('reboots', 'reboot-loop', '0/1'), 'seconds up'),
        (('clock', 'clock-jump', '1s'), 'must be'),
    ]:
        with pytest.raises(AssertionError, match=why):
            cameras.fault(*words)
