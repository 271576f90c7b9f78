# SPDX-License-Identifier: GPL-3.0-or-later
"""The REST contract of docs/rest.md on the real daemon, most of it without a camera."""

import http.client
import re
import socket

import pytest
from potoo_daemon import parse_time, write_config
from potoo_process import wait_until

# Never reached: cameras that only have to be there are disabled.
CAMERA = {'id': 'front', 'url': 'rtsp://192.0.2.1/main', 'enabled': False}
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z')


def assert_problem(answer, status, kind, **members):
    got, headers, body = answer
    assert got == status, body
    assert headers['content-type'] == 'application/problem+json'
    assert body['type'] == f'urn:potoo:error:{kind}'
    assert body['status'] == status
    assert body['title'] and body['detail']
    for name, value in members.items():
        assert body.get(name) == value, body


def send_raw(daemon, data, timeout=10):
    with socket.create_connection(('127.0.0.1', daemon.port), timeout=timeout) as client:
        client.sendall(data)
        answer = b''
        while piece := client.recv(65536):
            answer += piece
    return answer


# --- the server itself ---


def test_health_and_metrics(daemon):
    assert daemon.api('GET', '/healthz')[::2] == (200, b'ok\n')
    assert daemon.api('GET', '/readyz')[0] == 200
    status, headers, body = daemon.api('GET', '/metrics')
    assert status == 200 and headers['content-type'].startswith('text/plain; version=0.0.4')
    names = set(re.findall(r'^# TYPE (\S+) (?:counter|gauge)$', body.decode(), re.MULTILINE))
    assert {'potoo_http_requests_total', 'potoo_http_connections'} <= names


def test_security_headers_on_every_answer(daemon):
    for path in ('/healthz', '/metrics', '/api/v1/cameras', '/nothing'):
        _, headers, _ = daemon.api('GET', path)
        assert headers['x-content-type-options'] == 'nosniff'
        assert headers['cache-control'] == 'no-store'
        assert headers['referrer-policy'] == 'no-referrer'
        assert headers['cross-origin-resource-policy'] == 'same-origin'
        assert "default-src 'none'" in headers['content-security-policy']
        assert headers['server'] == 'Potoo'


def test_system(daemon):
    system = daemon.get('/api/v1/system')
    assert re.fullmatch(r'\d+\.\d+\.\d+', system['version'])
    assert system['catalog_error'] is None
    assert system['ready'] is True
    assert 0 <= system['uptime_seconds'] < 600
    assert parse_time(system['boot_time']) < parse_time(system['started'])
    assert parse_time(system['started']) <= parse_time(system['time'])
    memory, metrics = system['memory'], daemon.metrics()
    assert memory['budget_bytes'] == metrics['potoo_memory_budget_bytes']
    assert memory['resident_bytes'] > 8_000_000
    assert metrics['potoo_memory_resident_bytes'] > 8_000_000
    assert memory['queue_bytes'] == memory['pre_roll_bytes'] == 0
    assert 0 < memory['catalog_bytes'] < memory['budget_bytes'] / 16 and metrics['potoo_catalog_memory_bytes'] > 0


def test_storage(daemon):
    storage = daemon.get('/api/v1/storage')
    assert storage['cameras'] == []
    (root,) = storage['roots']
    assert root['path'] == str(daemon.recordings_dir)
    assert 0 < root['free_bytes'] <= root['total_bytes']
    assert root['failed'] is False


@pytest.mark.parametrize(
    'headers',
    [
        {'Host': 'evil.example'},
        {'Host': 'localhost.evil.example:8080'},
        {'Origin': 'http://evil.example'},
        {'Origin': 'null'},
        {'Sec-Fetch-Site': 'cross-site'},
    ],
    ids=str,
)
def test_foreign_pages_are_kept_out(daemon, headers):
    for method, path, body in (('GET', '/api/v1/cameras', None), ('POST', '/api/v1/cameras', CAMERA)):
        answer = daemon.api(method, path, body, headers=headers)
        assert_problem(answer, 421 if 'Host' in headers else 403, 'forbidden')
    assert daemon.list_all('/api/v1/cameras') == []


def test_own_pages_are_let_in(daemon):
    headers = {'Origin': daemon.url, 'Sec-Fetch-Site': 'same-origin'}
    assert daemon.api('POST', '/api/v1/cameras', CAMERA, headers=headers)[0] == 201


def test_unix_socket(daemon, tmp_path):
    path = tmp_path / 'http.sock'
    daemon.stop()
    daemon.config['http']['listen'] += f';unix:{path}'
    write_config(daemon.config_path, daemon.config)
    daemon.start()
    assert path.stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b'GET /healthz HTTP/1.1\r\nHost: any.example\r\n\r\n')
        assert client.recv(1000).startswith(b'HTTP/1.1 200 ')
    assert daemon.stop() == 0
    assert not path.exists()


# --- cameras ---


def test_camera_life(daemon):
    status, headers, camera = daemon.api(
        'POST',
        '/api/v1/cameras',
        {'name': 'Front Door', 'url': 'rtsp://user:s3cret@192.0.2.1/main', 'enabled': False},
    )
    assert status == 201
    assert headers['location'] == '/api/v1/cameras/front-door'
    assert camera['id'] == 'front-door' and camera['name'] == 'Front Door'
    assert camera['url'] == 'rtsp://192.0.2.1/main'
    assert camera['username'] == 'user' and camera['has_password'] is True
    assert 'password' not in camera
    assert camera['status']['state'] == 'disabled'
    assert TIME.fullmatch(camera['status']['since'])
    etag = headers['etag']

    path = headers['location']
    assert daemon.api('GET', path)[1]['etag'] == etag
    status, headers, patched = daemon.api(
        'PATCH', path, {'name': 'Back Door'}, headers={'If-Match': etag}
    )
    assert status == 200 and patched['name'] == 'Back Door' and headers['etag'] != etag
    assert patched['has_password'] is True
    answer = daemon.api('PATCH', path, {'name': 'x'}, headers={'If-Match': etag})
    assert_problem(answer, 412, 'precondition-failed')
    assert daemon.camera('front-door')['name'] == 'Back Door'

    for query in ('', '?recordings=delete'):
        answer = daemon.api('DELETE', path + query, headers={'If-Match': etag})
        assert_problem(answer, 412, 'precondition-failed')
    assert daemon.api('DELETE', path)[0] == 204
    assert_problem(daemon.api('GET', path), 404, 'not-found')
    assert_problem(daemon.api('PATCH', path, {'name': 'x'}), 404, 'not-found')
    assert_problem(daemon.api('DELETE', path), 404, 'not-found')
    assert 's3cret' not in daemon.read_log()


def test_cameras_survive_a_restart(daemon):
    daemon.add_camera(**CAMERA)
    before = daemon.camera('front')
    daemon.stop()
    daemon.start()
    after = daemon.camera('front')
    del before['status'], after['status']
    assert after == before


def test_camera_pages(daemon):
    ids = [f'cam-{number:02}' for number in range(7)]
    for one in reversed(ids):
        daemon.add_camera(**{**CAMERA, 'id': one})
    assert [c['id'] for c in daemon.list_all('/api/v1/cameras?limit=3')] == ids
    assert_problem(
        daemon.api('GET', '/api/v1/cameras?cursor=Zm9v'), 400, 'invalid-argument', parameter='cursor'
    )


@pytest.mark.parametrize(
    ('body', 'pointer'),
    [
        ({}, None),
        ({'id': 'x', 'url': 'http://192.0.2.1/'}, '/url'),
        ({'id': 'x', 'url': 7}, '/url'),
        ({'id': 'Bad_Slug', 'url': 'rtsp://192.0.2.1/'}, '/id'),
        ({'id': 'x' * 64, 'url': 'rtsp://192.0.2.1/'}, '/id'),
        ({'id': 'x', 'url': 'rtsp://192.0.2.1/', 'record': 'now'}, '/record'),
        ({'id': 'x', 'url': 'rtsp://192.0.2.1/', 'enabled': 'yes'}, '/enabled'),
        ({'id': 'x', 'url': 'rtsp://192.0.2.1/', 'a/b~c': 1}, '/a~1b~0c'),
        ({'id': 'x', 'url': 'rtsp://192.0.2.1/', 'has_password': True}, '/has_password'),
    ],
    ids=str,
)
def test_bad_camera_changes_nothing(daemon, body, pointer):
    answer = daemon.api('POST', '/api/v1/cameras', body)
    assert_problem(answer, 400, 'invalid-argument')
    if pointer is not None:
        assert answer[2]['pointer'] == pointer
    assert daemon.list_all('/api/v1/cameras') == []


@pytest.mark.parametrize(
    'text',
    [
        b'',
        b'{',
        b"{'id':'x'}",
        b'{"id":"x",}',
        b'{"id":"x"} // comment',
        b'{"id":"x","id":"y"}',
        b'{"id":"\\u0000"}',
        b'{"id":"\xff"}',
        b'{"id":01}',
        b'[' * 60000,
        b'[]',
        b'null',
    ],
    ids=lambda text: repr(text[:20]),
)
def test_bad_json(daemon, text):
    answer = daemon.api(
        'POST', '/api/v1/cameras', raw=text, headers={'Content-Type': 'application/json'}
    )
    assert_problem(answer, 400, 'invalid-argument')


def test_media_types(daemon):
    for kind in ('text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1'):
        answer = daemon.api('POST', '/api/v1/cameras', raw=b'{}', headers={'Content-Type': kind})
        assert_problem(answer, 415, 'unsupported-media-type')
    daemon.add_camera(**CAMERA)
    kind = {'Content-Type': 'application/merge-patch+json; charset=UTF-8'}
    assert daemon.api('PATCH', '/api/v1/cameras/front', raw=b'{}', headers=kind)[0] == 200


def test_long_body(daemon):
    kind = {'Content-Type': 'application/json'}
    answer = daemon.api('POST', '/api/v1/cameras', raw=b' ' * 65537, headers=kind)
    assert_problem(answer, 413, 'too-large')
    answer = daemon.api('POST', '/api/v1/cameras', raw=b' ' * 65536, headers=kind)
    assert_problem(answer, 400, 'invalid-argument')


def test_concurrent_patches_with_one_version(daemon):
    """Of two writers that read the same version, one is told."""
    daemon.add_camera(**CAMERA)
    etag = daemon.api('GET', '/api/v1/cameras/front')[1]['etag']
    connections = []
    for number in range(5):
        connection = http.client.HTTPConnection('127.0.0.1', daemon.port, timeout=10)
        connection.request(
            'PATCH',
            '/api/v1/cameras/front',
            body=f'{{"name":"name {number}"}}',
            headers={'If-Match': etag, 'Content-Type': 'application/json'},
        )
        connections.append(connection)
    statuses = sorted(connection.getresponse().status for connection in connections)
    for connection in connections:
        connection.close()
    assert statuses == [200, 412, 412, 412, 412]


# --- routes and parameters ---


@pytest.mark.parametrize(
    ('path', 'parameter'),
    [
        ('/api/v1/cameras?limit=0', 'limit'),
        ('/api/v1/cameras?limit=1001', 'limit'),
        ('/api/v1/cameras?limit=1&limit=1', 'limit'),
        ('/api/v1/cameras?colour=red', 'colour'),
        ('/api/v1/segments?start=yesterday', 'start'),
        ('/api/v1/segments?camera=Not_A_Slug', 'camera'),
        ('/api/v1/segments?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z', 'end'),
        ('/api/v1/segments?cursor=x', 'cursor'),
        ('/api/v1/cameras/front/gaps?limit=', 'limit'),
        ('/api/v1/cameras/front/coverage?time_zone=../../../etc/localtime', 'time_zone'),
        ('/api/v1/cameras/front/coverage?time_zone=Europe', 'time_zone'),
        ('/api/v1/cameras/front/coverage?time_zone=Mars/Base', 'time_zone'),
        ('/api/v1/cameras/front/coverage?time_zone=leapseconds', 'time_zone'),
        ('/api/v1/cameras/front/coverage?start=2026-01-01T00:00:00Z&end=2026-02-01T00:00:01Z', 'end'),
        ('/api/v1/cameras/front/coverage?start=1970-01-01T00:00:00Z&end=1970-01-02T00:00:00Z', 'end'),
        ('/api/v1/cameras/front/coverage?end=9999-12-31T23:59:59Z', 'end'),
        ('/api/v1/system?x=1', 'x'),
    ],
)
def test_bad_parameter_is_named(daemon, path, parameter):
    assert_problem(daemon.api('GET', path), 400, 'invalid-argument', parameter=parameter)


def test_unknown_things(daemon):
    for path in (
        '/api/v1',
        '/api/v1/cameras/',
        '/api/v1/cameras/none',
        '/api/v1/cameras/none/gaps',
        '/api/v1/cameras/none/coverage',
        '/api/v1/segments/0000000000000001',
        '/api/v1/segments/0000000000000001/media.mp4',
        '/api/v1/segments/1',
    ):
        assert_problem(daemon.api('GET', path), 404, 'not-found')
    assert_problem(daemon.api('GET', '/api/v1/cameras/..%2f..%2fetc'), 400, 'invalid-argument')


def test_methods(daemon):
    answer = daemon.api('OPTIONS', '/api/v1/cameras')
    assert_problem(answer, 405, 'method-not-allowed')
    assert answer[1]['allow'] == 'GET, HEAD, POST'
    status, headers, body = daemon.api('HEAD', '/api/v1/cameras')
    assert status == 200 and body == b'' and int(headers['content-length']) > 0


def test_hostile_bytes(daemon):
    for data in (
        b'\0' * 1000 + b'\r\n\r\n',
        b'GET\r\n\r\n',
        b'GET /healthz HTTP/1.1\r\n\r\n',
        b'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n',
        b'GET /' + b'a' * 9000 + b' HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
        b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
        b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ):
        assert b' 200 ' not in send_raw(daemon, data).split(b'\r\n', 1)[0]
    assert daemon.api('GET', '/healthz')[0] == 200


# --- recordings ---


@pytest.fixture(scope='module')
def recorded(module_workshop):
    """A daemon with some finished segments of a camera that is then switched off."""
    sim = module_workshop.sim({'door': {}})
    daemon = module_workshop.daemon()
    daemon.add_camera(id='door', url=sim.urls['door'])
    daemon.wait_segments('door', 2, timeout=60)
    daemon.patch_camera('door', enabled=False)
    wait_until(
        lambda: all(s['state'] == 'closed' for s in daemon.segments('door')), 20, 'the last to close'
    )
    return daemon


def test_segment_shape(recorded):
    segments = recorded.segments('door')
    assert [s['start'] for s in segments] == sorted(s['start'] for s in segments)
    for segment in segments:
        assert re.fullmatch(r'[0-9a-f]{16}', segment['id'])
        assert re.fullmatch(r'[0-9a-f]{16}', segment['recording'])
        assert segment['camera'] == 'door' and segment['stream'] == 'main'
        assert segment['media'] == f'/api/v1/segments/{segment["id"]}/media.mp4'
        assert segment['codecs'].startswith('avc1.')
        seconds = (parse_time(segment['end']) - parse_time(segment['start'])) / 1e6
        assert segment['duration'] == pytest.approx(seconds, abs=0.5)
        assert recorded.get(f'/api/v1/segments/{segment["id"]}') == segment


def test_segments_by_window_and_page(recorded):
    segments = recorded.segments('door')
    paged = recorded.list_all('/api/v1/segments?camera=door&limit=1')
    assert paged == segments
    second = segments[1]
    found = recorded.list_all(f'/api/v1/segments?start={second["start"]}&end={second["end"]}')
    assert second in found and len(found) <= 3
    assert recorded.list_all('/api/v1/segments?camera=other') == []
    assert recorded.list_all('/api/v1/segments?end=2001-01-01T00:00:00Z') == []


def test_media_ranges(recorded):
    segment = recorded.segments('door')[0]
    path = segment['media']
    status, headers, whole = recorded.api('GET', path)
    assert status == 200 and len(whole) == segment['size'] and whole[4:8] == b'ftyp'
    assert headers['content-type'] == 'video/mp4' and headers['accept-ranges'] == 'bytes'
    etag = headers['etag']

    status, headers, part = recorded.api('GET', path, headers={'Range': 'bytes=100-299'})
    assert status == 206 and part == whole[100:300]
    assert headers['content-range'] == f'bytes 100-299/{len(whole)}'
    assert recorded.api('GET', path, headers={'Range': 'bytes=-50'})[2] == whole[-50:]
    answer = recorded.api('GET', path, headers={'Range': f'bytes={len(whole)}-'})
    assert_problem(answer, 416, 'range-not-satisfiable')
    assert answer[1]['content-range'] == f'bytes */{len(whole)}'
    assert recorded.api('GET', path, headers={'Range': 'bytes=0-1,4-5'})[0] == 200

    assert recorded.api('GET', path, headers={'If-None-Match': etag})[::2] == (304, b'')
    for if_range, status in ((etag, 206), ('"other"', 200)):
        headers = {'Range': 'bytes=0-9', 'If-Range': if_range}
        assert recorded.api('GET', path, headers=headers)[0] == status
    status, headers, body = recorded.api('HEAD', path)
    assert (status, int(headers['content-length']), body) == (200, len(whole), b'')


def test_media_of_an_open_segment_is_what_is_durable(sim, daemon):
    camera = sim({'yard': {}})
    daemon.add_camera(id='yard', url=camera.urls['yard'])

    def look():
        found = [s for s in daemon.segments('yard') if s['state'] == 'open' and s['size'] > 0]
        return found[0] if found else None

    segment = wait_until(look, 30, 'an open segment with bytes')
    status, headers, first = daemon.api('GET', segment['media'])
    assert status == 200 and len(first) >= segment['size']
    etag = headers['etag']

    def grown():
        answer = daemon.api('GET', segment['media'])
        return answer if len(answer[2]) > len(first) else None

    _, headers, second = wait_until(grown, 20, 'the segment to grow')
    assert second.startswith(first)
    # What a client has of the shorter file is not continued with the longer one by mistake.
    assert headers['etag'] != etag


def test_gaps_of_a_removed_camera(recorded):
    """Last: it takes the camera away. Its recordings keep it known, and another camera may adopt them."""
    assert isinstance(recorded.list_all('/api/v1/cameras/door/gaps'), list)
    assert recorded.api('DELETE', '/api/v1/cameras/door')[0] == 204
    assert isinstance(recorded.list_all('/api/v1/cameras/door/gaps'), list)
    assert recorded.segments('door')
    door = {'id': 'door', 'url': 'rtsp://192.0.2.1/x', 'enabled': False}
    assert_problem(recorded.api('POST', '/api/v1/cameras', door), 409, 'exists')
    assert_problem(recorded.api('POST', '/api/v1/cameras?recordings=refuse', door), 409, 'exists')
    assert_problem(recorded.api('POST', '/api/v1/cameras?recordings=mix', door), 400, 'invalid-argument')
    before = recorded.segments('door')
    assert recorded.api('POST', '/api/v1/cameras?recordings=adopt', door)[0] == 201
    assert recorded.segments('door') == before
    assert_problem(recorded.api('POST', '/api/v1/cameras?recordings=adopt', door), 409, 'exists')
