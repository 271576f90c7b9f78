# SPDX-License-Identifier: GPL-3.0-or-later
"""The stream `sub` is connected while somebody watches it, and disturbs nothing."""

import time

import pytest
from potoo_live import parse_playlist
from potoo_process import wait_until
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


def test_sub_over_rtsp(daemon, camera):
    """The first who asks makes it connect, and is told to come again."""
    name, sub_url = camera
    daemon.patch_camera(name, sub_url=sub_url)
    answers = []

    def is_there():
        with RtspClient(f'{daemon.rtsp_url}/{name}/sub') as client:
            answers.append(client.describe())
        return answers[-1].status == 200

    wait_until(is_there, 20, 'sub over RTSP')
    assert answers[0].status == 503 and 'retry-after' in answers[0].headers
    with RtspClient(f'{daemon.rtsp_url}/{name}/sub') as client:
        client.play()
        stamps = [stamp for stamp, _ in stamps_of(client.receive(3))]
    assert len(stamps) > 2 * 10
    assert find_lost_and_doubled(stamps) == ([], [])
