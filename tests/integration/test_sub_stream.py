# SPDX-License-Identifier: GPL-3.0-or-later
"""The stream `sub` is connected while somebody watches it, and disturbs nothing."""

import socket
import time

import pytest
from potoo_live import parse_playlist
from potoo_process import SLOWNESS, wait_until
from potoo_recording import find_lost_and_doubled, probe, read_stamps
from potoo_rtsp_client import RtspClient, stamps_of

CAMERA = {'audio': 'aac', 'width': 1280, 'height': 720}


def state_of(daemon, camera, stream):
    states = ('connecting', 'streaming', 'backing-off', 'disabled')
    metrics = daemon.metrics()
    for state in states:
        if metrics.get(f'potoo_camera_state{{camera="{camera}",state="{state}",stream="{stream}"}}') == 1:
            return state
        if metrics.get(f'potoo_camera_state{{camera="{camera}",stream="{stream}",state="{state}"}}') == 1:
            return state
    return None


def get_playlist(daemon, camera):
    status, _, body = daemon.api('GET', f'/live/{camera}/ts.m3u8?stream=sub')
    return parse_playlist(body.decode()) if status == 200 else None


@pytest.fixture
def camera(sim, daemon):
    """(id, URL of `sub`) of a camera that is recorded, without a `sub_url`."""
    cameras = sim({'door': CAMERA})
    daemon.add_camera(id='door', url=cameras.urls['door'])
    daemon.wait_state('door', 'streaming')
    return 'door', cameras.sub_urls['door']


def test_sub_on_demand(daemon, camera, tmp_path):
    name, sub_url = camera
    status, _, body = daemon.api('GET', f'/live/{name}/ts.m3u8?stream=sub')
    assert status == 404 and 'sub_url' in body['detail']

    daemon.patch_camera(name, sub_url=sub_url)
    assert state_of(daemon, name, 'sub') == 'disabled'
    playlist = wait_until(lambda: get_playlist(daemon, name), 20, 'a playlist of sub')
    assert state_of(daemon, name, 'sub') == 'streaming'
    segment = playlist.segments[0].name
    assert segment.startswith('sub-ts/')
    status, headers, body = daemon.api('GET', f'/live/{name}/{segment}')
    assert (status, headers['content-type']) == (200, 'video/mp2t')
    path = tmp_path / 'sub.ts'
    path.write_bytes(body)
    video = next(s for s in probe(path)['streams'] if s['codec_type'] == 'video')
    main = daemon.camera(name)['status']
    assert 0 < video['height'] < main['height']

    time.sleep(2)
    stamps = [s for row in daemon.disable_camera(name) for s in read_stamps(daemon.segment_path(row))]
    assert find_lost_and_doubled(stamps) == ([], [])
    assert state_of(daemon, name, 'sub') == 'disabled'
    status, _, _ = daemon.api('GET', f'/live/{name}/ts.m3u8?stream=sub')
    assert status == 503


def test_sub_that_is_not_there(daemon, camera):
    """What is wrong with `sub` is nothing wrong with `main`."""
    name, sub_url = camera
    daemon.patch_camera(name, sub_url=sub_url + '-nowhere')
    status, headers, _ = daemon.api('GET', f'/live/{name}/ts.m3u8?stream=sub')
    assert status == 503 and 'retry-after' in headers
    assert state_of(daemon, name, 'sub') == 'backing-off'
    assert daemon.camera(name)['status']['state'] == 'streaming'


def describe(url):
    with RtspClient(url) as client:
        return client.describe().status


def test_sub_over_rtsp(daemon, camera):
    """The first who asks makes it connect, and is answered once it is there."""
    name, sub_url = camera
    daemon.patch_camera(name, sub_url=sub_url)
    with RtspClient(f'{daemon.rtsp_url}/{name}/sub') as client:
        client.play()
        stamps = [stamp for stamp, _ in stamps_of(client.receive(3))]
    assert len(stamps) > 2 * 10
    assert find_lost_and_doubled(stamps) == ([], [])


def test_sub_over_rtsp_that_does_not_come(daemon, camera):
    """Who asks waits, at most 5 s; nobody else does."""
    name, _ = camera
    main_url = f'{daemon.rtsp_url}/{name}'
    wait_until(lambda: describe(main_url) == 200, 20, 'main to be served')
    with socket.create_server(('127.0.0.1', 0)) as silent:
        daemon.patch_camera(name, sub_url=f'rtsp://127.0.0.1:{silent.getsockname()[1]}/x')
        clients = [RtspClient(f'{main_url}/sub', timeout=10 * SLOWNESS) for _ in range(17)]
        start = time.monotonic()
        for client in clients:
            client.send('DESCRIBE')
        assert describe(main_url) == 200
        # One too many to wait.
        answer = clients.pop().read_response()
        assert answer.status == 503 and int(answer.headers['retry-after']) > 0
        assert time.monotonic() - start < 2 * SLOWNESS
        # What comes behind the request waits with it; who goes is gone.
        clients[0].send('OPTIONS')
        clients.pop().close()
        wait_until(lambda: daemon.metrics()['potoo_restream_clients'] <= 16, 5, 'the connection to end')
        statuses = [client.read_response().status for client in clients]
        assert statuses == [503] * 15
        assert 4.5 < time.monotonic() - start < 7 * SLOWNESS
        assert clients[0].read_response().status == 200
        for client in clients[1:]:
            client.send('DESCRIBE')
        assert daemon.stop() == 0
        for client in clients:
            client.close()
