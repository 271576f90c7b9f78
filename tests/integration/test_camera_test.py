# SPDX-License-Identifier: GPL-3.0-or-later
"""POST /api/v1/cameras/test: what a camera has to show, or why it shows nothing."""

import base64
import concurrent.futures
import http.client
import json
import time

import pytest
from potoo_process import SLOWNESS, wait_until

TEST = '/api/v1/cameras/test'
LIMIT_S = 10
CAMERAS = {
    'plain': {},
    'sound': {'audio': 'aac', 'width': 1280, 'height': 720, 'fps': 20, 'gop': 20},
    'hevc': {'codec': 'h265', 'audio': 'opus'},
    'locked': {'user': 'keeper', 'password': 'marmalade'},
    'deaf': {},
    'silent': {},
    'blurred': {},
    'strict': {},
}
FAULTS = {
    'deaf': 'black-hole',
    'silent': 'stall',
    'blurred': 'no-keyframes',
    'strict': 'refuse-auth',
}


@pytest.fixture(scope='module')
def cameras(module_workshop):
    cameras = module_workshop.sim(CAMERAS)
    for camera, fault in FAULTS.items():
        cameras.fault(camera, fault, 'on')
    return cameras


@pytest.fixture(scope='module')
def shared(module_workshop):
    """Nothing is ever stored: one daemon will do for most."""
    daemon = module_workshop.daemon()
    yield daemon
    assert daemon.get('/api/v1/cameras')['items'] == []
    assert daemon.query('SELECT * FROM cameras') == []
    assert 'marmalade' not in daemon.read_log()


def attempt(daemon, **members):
    """The answer's body; it was made in time."""
    started = time.monotonic()
    status, _, body = daemon.api('POST', TEST, members)
    taken = time.monotonic() - started
    assert status == 200, body
    assert body['seconds'] <= taken
    assert taken < (LIMIT_S + 1) * SLOWNESS
    if body['ok']:
        assert 'error' not in body
    else:
        assert body['reason'] and body['tracks'] == [] and body['picture'] is None
    return body


def read_jpeg(url):
    """(width, height, bytes) of a data URL."""
    head, _, text = url.partition(',')
    assert head == 'data:image/jpeg;base64'
    data = base64.b64decode(text, validate=True)
    assert data[:2] == b'\xff\xd8' and data[-2:] == b'\xff\xd9'
    position = 2
    while data[position + 1] not in (0xC0, 0xC2):  # the start of frame
        position += 2 + int.from_bytes(data[position + 2 : position + 4], 'big')
    height = int.from_bytes(data[position + 5 : position + 7], 'big')
    width = int.from_bytes(data[position + 7 : position + 9], 'big')
    return width, height, len(data)


# --- what it shows ---


def test_plays(cameras, shared):
    body = attempt(shared, url=cameras.urls['plain'])
    assert body['ok'] is True and body['reason'] is None
    (video,) = body['tracks']
    assert video['kind'] == 'video' and video['codec'].startswith('avc1.')
    assert (video['width'], video['height']) == (320, 240)
    assert video['fps'] == pytest.approx(25, abs=1)
    assert read_jpeg(body['picture'])[:2] == (320, 240)


def test_sound_and_a_scaled_picture(cameras, shared):
    body = attempt(shared, url=cameras.urls['sound'])
    video, audio = body['tracks']
    assert (video['width'], video['height']) == (1280, 720)
    assert video['fps'] == pytest.approx(20, abs=1)
    assert audio == {'kind': 'audio', 'codec': 'mp4a.40.2'}
    width, height, size = read_jpeg(body['picture'])
    assert (width, height) == (853, 480) and size <= 256 * 1024
    body = attempt(shared, url=cameras.urls['sound'], audio=False)
    assert [track['kind'] for track in body['tracks']] == ['video']


def test_h265(cameras, shared):
    body = attempt(shared, url=cameras.urls['hevc'], transport='tcp')
    assert [track['codec'][:4] for track in body['tracks']] == ['hvc1', 'opus']
    assert read_jpeg(body['picture'])[:2] == (320, 240)


def test_udp(cameras, shared):
    assert attempt(shared, url=cameras.urls['plain'], transport='udp')['ok']


# --- why it shows nothing ---


def test_credentials(cameras, shared):
    url = cameras.urls['locked']
    inside = url.replace('rtsp://', 'rtsp://keeper:marmalade@')
    for members in ({}, {'username': 'keeper', 'password': 'marmalade?'}):
        body = attempt(shared, url=url, **members)
        assert (body['ok'], body['error']) == (False, 'unauthorized')
        assert 'user name' in body['reason']
    for members in ({'url': url, 'username': 'keeper', 'password': 'marmalade'}, {'url': inside}):
        body = attempt(shared, **members)
        assert body['ok'] and 'marmalade' not in json.dumps(body)


def test_not_there(cameras, shared):
    body = attempt(shared, url=cameras.urls['plain'].replace('/plain/', '/nothing/'))
    assert (body['ok'], body['error']) == (False, 'not-found')
    body = attempt(shared, url='rtsp://127.0.0.1:1/main')
    assert (body['ok'], body['error']) == (False, 'unreachable')
    body = attempt(shared, url='rtsp://no-such-host.invalid/main')
    assert (body['ok'], body['error']) == (False, 'unreachable')
    assert 'no-such-host.invalid' in body['reason']


def test_faults(cameras, shared):
    """All at once: three of them take the whole time."""
    with concurrent.futures.ThreadPoolExecutor(len(FAULTS)) as pool:
        jobs = {name: pool.submit(attempt, shared, url=cameras.urls[name]) for name in FAULTS}
        bodies = {name: job.result() for name, job in jobs.items()}
    assert bodies['strict']['error'] == 'unauthorized'
    for name in ('deaf', 'silent'):
        assert bodies[name]['error'] == 'timeout', bodies
        assert '127.0.0.1' in bodies[name]['reason'] or '10 s' in bodies[name]['reason']
    blurred = bodies['blurred']
    assert blurred['ok'] and 'keyframe' in blurred['reason']
    assert blurred['tracks'][0]['fps'] is None and blurred['picture'] is None


@pytest.mark.parametrize(
    'members,pointer',
    [
        ({}, '/url'),
        ({'url': None}, '/url'),
        ({'url': 'http://127.0.0.1/'}, '/url'),
        ({'url': 'rtsp://'}, '/url'),
        ({'url': 1}, '/url'),
        ({'url': 'rtsp://a/b', 'transport': 'carrier-pigeon'}, '/transport'),
        ({'url': 'rtsp://a/b', 'audio': 'yes'}, '/audio'),
        ({'url': 'rtsp://a/b', 'password': 'x'}, '/password'),
        ({'url': 'rtsp://a/b', 'username': 'x\ny'}, '/username'),
        ({'url': 'rtsp://a/b', 'name': 'Front'}, '/name'),
        ({'url': 'rtsp://a/b', 'sub_url': 'rtsp://a/c'}, '/sub_url'),
        ({'url': 'rtsp://a/b', 'a/b~c': 1}, '/a~1b~0c'),
        ({'url': 'rtsp://a/b', 'id': 'nobody'}, '/id'),
        ({'url': 'rtsp://a/b', 'id': 7}, '/id'),
    ],
)
def test_invalid(shared, members, pointer):
    status, _, body = shared.api('POST', TEST, members)
    assert (status, body['pointer']) == (400, pointer), body
    assert body['type'] == 'urn:potoo:error:invalid-argument'


# --- cameras that are there already ---


def test_stored_password(cameras, sim, daemon):
    url = cameras.urls['locked']
    daemon.add_camera(
        id='gate', url=url, username='keeper', password='marmalade', enabled=False, record='off'
    )
    assert attempt(daemon, id='gate', url=url)['ok']
    assert attempt(daemon, id='gate', url=url, username='keeper', audio=False)['ok']
    assert attempt(daemon, id='gate', url=url, password='wrong')['error'] == 'unauthorized'

    # The very same camera elsewhere: the password does not go there.
    elsewhere = sim({'locked': CAMERAS['locked']}).urls['locked']
    assert attempt(daemon, url=elsewhere, username='keeper', password='marmalade')['ok']
    for members in ({'username': 'keeper'}, {}):
        body = attempt(daemon, id='gate', url=elsewhere, **members)
        assert body['error'] == 'unauthorized', body
    assert attempt(daemon, url=url, username='keeper')['error'] == 'unauthorized'
    assert daemon.camera('gate')['url'] == url
    assert 'marmalade' not in daemon.read_log()


# --- bounds ---


def begin(daemon, **members):
    """A request whose answer nobody waits for."""
    connection = http.client.HTTPConnection('127.0.0.1', daemon.port, timeout=30)
    body = json.dumps(members)
    connection.request('POST', TEST, body=body, headers={'Content-Type': 'application/json'})
    return connection


def wait_for_tests(daemon, count):
    wait_until(lambda: daemon.metrics()['potoo_camera_tests'] == count, 5, f'{count} tests')


def test_four_at_once_and_clients_that_leave(cameras, daemon):
    waiting = [begin(daemon, url=cameras.urls['deaf']) for _ in range(4)]
    wait_for_tests(daemon, 4)
    status, headers, body = daemon.api('POST', TEST, {'url': cameras.urls['plain']})
    assert status == 503 and body['type'] == 'urn:potoo:error:busy'
    assert int(headers['retry-after']) > 0
    for connection in waiting:
        connection.close()
    wait_for_tests(daemon, 0)
    assert attempt(daemon, url=cameras.urls['plain'])['ok']


def test_stop_meanwhile(cameras, daemon):
    names = ('deaf', 'silent', 'plain')
    waiting = [begin(daemon, url=cameras.urls[name]) for name in names]
    wait_for_tests(daemon, len(names))
    time.sleep(0.5)
    started = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - started < 1.5 * SLOWNESS
    for connection in waiting:
        answer = connection.getresponse()
        assert answer.status == 503
        assert json.load(answer)['type'] == 'urn:potoo:error:unavailable'
