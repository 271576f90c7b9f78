# SPDX-License-Identifier: GPL-3.0-or-later
"""/api/v1/changes: who follows it knows what GET says, without asking."""

import time

import pytest
from potoo_changes import Changes
from potoo_daemon import parse_time
from potoo_process import SLOWNESS, count_open_files, wait_until

MAX_SUBSCRIBERS = 64
CAMERA = {'id': 'front', 'url': 'rtsp://192.0.2.1/main', 'enabled': False}
MEASURED = ('fps', 'bitrate')


def settle(camera):
    """Without what is measured anew each second."""
    status = {name: value for name, value in camera['status'].items() if name not in MEASURED}
    return {**camera, 'status': status}


def has_state(state):
    return lambda camera: camera['status']['state'] == state


def wait_for_subscribers(daemon, count):
    wait_until(
        lambda: daemon.metrics()['potoo_changes_subscribers'] == count, 5, f'{count} subscribers'
    )


def test_life_of_a_camera(sim, make_daemon):
    """Longer than a heartbeat and a segment."""
    daemon = make_daemon(config={'storage': {'segment-duration': '10s'}})
    cameras = sim({'door': {'audio': 'aac'}})
    started, started_us = time.monotonic(), time.time_ns() // 1000
    with Changes(daemon) as changes:
        assert changes.status == 200
        assert changes.headers['Content-Type'] == 'text/event-stream'
        daemon.add_camera(id='door', url=cameras.urls['door'])
        changes.wait('camera', has_state('connecting'))
        camera = changes.wait('camera', has_state('streaming'))
        assert camera['id'] == 'door' and camera['has_password'] is False

        # What an event tells is in the catalog when it comes.
        opened = changes.wait('segment')
        assert opened['state'] == 'open' and opened['camera'] == 'door'
        assert daemon.get(f'/api/v1/segments/{opened["id"]}')['start'] == opened['start']
        begun = [event.data for event in changes.seen if event.kind == 'gap']
        if begun:  # the time between plan and first picture
            assert begun[0]['camera'] == 'door' and begun[0]['end'] is None
            while (ended := changes.next()).kind not in ('gap', 'gap-removed'):
                pass
            assert ended.data['id'] == begun[0]['id']
            if ended.kind == 'gap':
                assert ended.data in daemon.gaps('door')
            else:  # that picture is older than the plan
                assert opened['start'] <= begun[0]['start'] and daemon.gaps('door') == []

        # Frame rates are measured each second; that alone is no event.
        quiet = len(changes.seen)
        closed = changes.wait('segment', lambda s: s['state'] == 'closed', 20)
        assert closed == daemon.get(f'/api/v1/segments/{opened["id"]}')
        assert closed['id'] == opened['id'] and parse_time(closed['end']) > parse_time(closed['start'])
        assert [e.kind for e in changes.seen[quiet:] if e.kind == 'camera'] in ([], ['camera'])

        cameras.fault('door', 'refuse', 'on')
        cameras.fault('door', 'drop')
        backing_off = changes.wait('camera', has_state('backing-off'))
        assert backing_off['status']['reason'] and backing_off['status']['retry_at']
        gap = changes.wait('gap', lambda g: g['cause'] == 'disconnected')
        assert gap['id'] in {row['id'] for row in daemon.gaps('door')}

        patched = daemon.patch_camera('door', name='Front Door', enabled=False)
        named = changes.wait('camera', lambda c: c['name'] == 'Front Door' and not c['enabled'])
        assert settle(named) == settle(patched)

        assert daemon.api('DELETE', '/api/v1/cameras/door')[0] == 204
        assert changes.wait('camera-removed') == {'id': 'door'}

        ids = [int(event.id.split('-')[1]) for event in changes.seen]
        assert ids == list(range(1, len(ids) + 1))
        time.sleep(max(0, 15.5 - (time.monotonic() - started)))
        with pytest.raises(TimeoutError):
            while changes.next(1):
                pass
        assert changes.heartbeats and all(started_us <= parse_time(t) <= time.time_ns() // 1000 for t in changes.heartbeats)


def test_resume(daemon):
    with Changes(daemon) as changes:
        daemon.add_camera(**CAMERA)
        changes.wait('camera')
        last = changes.id
    for number in range(50):
        daemon.patch_camera('front', name=f'Front {number}')
    with Changes(daemon, last) as changes:
        names = [changes.next().data['name'] for _ in range(50)]
        assert names == [f'Front {number}' for number in range(50)]
        assert changes.seen[-1].data['name'] == daemon.camera('front')['name']
        with pytest.raises(TimeoutError):
            changes.next(0.3)
        last = changes.id

    # Another run has other ids.
    assert daemon.stop() == 0
    daemon.start()
    with Changes(daemon, last) as changes:
        event = changes.next()
        assert (event.kind, event.data) == ('reset', {})
        assert changes.id != last
        daemon.patch_camera('front', name='Again')
        assert changes.next().data['name'] == 'Again'


def test_reconnect_without_events(daemon):
    """A client that heard nothing but the greeting loses nothing."""
    with Changes(daemon) as changes:
        with pytest.raises(TimeoutError):
            changes.next(0.3)
        last, retry = changes.id, changes.retry
    assert last and retry == 2000
    daemon.add_camera(**CAMERA)
    with Changes(daemon, last) as changes:
        assert changes.next().data['id'] == 'front'


@pytest.mark.parametrize(
    'value',
    [
        '',
        '0',
        'x' * 6000,
        '../../etc/passwd',
        '-1',
        '18446744073709551616',
        'a\r\nLast-Event-ID: b',
        '{"event":"camera"}',
        '%0a%0aevent: camera',
        'é—\u2028',
    ],
)
def test_hostile_ids(module_daemon, value):
    with Changes(module_daemon, value) as changes:
        event = changes.next()
        assert (event.kind, event.data) == ('reset', {})
        assert len(changes.id) < 40


@pytest.fixture(scope='module')
def module_daemon(module_workshop):
    return module_workshop.daemon()


def test_last_subscriber_is_one_too_many(daemon):
    everyone = [Changes(daemon) for _ in range(MAX_SUBSCRIBERS)]
    status, headers, body = daemon.api('GET', '/api/v1/changes')
    assert status == 503 and body['type'] == 'urn:potoo:error:busy'
    assert int(headers['retry-after']) > 0
    daemon.add_camera(**CAMERA)
    for changes in everyone:
        assert changes.wait('camera')['id'] == 'front'
    everyone.pop().close()
    wait_for_subscribers(daemon, MAX_SUBSCRIBERS - 1)
    with Changes(daemon) as changes:
        assert changes.status == 200
    for changes in everyone:
        changes.close()
    wait_for_subscribers(daemon, 0)


def test_many_come_and_go(daemon):
    before = count_open_files(daemon.pid)
    for _ in range(10):
        everyone = [Changes(daemon) for _ in range(30)]
        daemon.api('GET', '/healthz')
        for changes in everyone:
            changes.close()
        wait_for_subscribers(daemon, 0)
    wait_until(lambda: count_open_files(daemon.pid) <= before + 1, 5, 'the connections to be gone')
    # One in flight: the request that asks.
    assert daemon.metrics()['potoo_http_requests_in_flight'] == 1


def test_stop_with_subscribers(sim, daemon):
    cameras = sim({'door': {}})
    daemon.add_camera(id='door', url=cameras.urls['door'])
    everyone = [Changes(daemon) for _ in range(60)]
    everyone[0].wait('segment')
    started = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - started < 1 * SLOWNESS
    for changes in everyone:
        while changes.next() is not None:
            pass
