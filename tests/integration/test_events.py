# SPDX-License-Identifier: GPL-3.0-or-later
"""Events, manual recording and locks over REST: what they are, what is refused, what they leave."""

import http.client
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest
from potoo_changes import Changes
from potoo_daemon import parse_time
from potoo_process import SLOWNESS, wait_until

EVENTS = '/api/v1/events'
LOCKS = '/api/v1/locks'
OFF = {'url': 'rtsp://192.0.2.1/main', 'record': 'off'}
MAX_LIVE = 16
BURST = 20


def text_of(moment):
    return moment.isoformat(timespec='microseconds').replace('+00:00', 'Z')


def at(seconds):
    """The text of a time so many seconds from now."""
    return text_of(datetime.now(timezone.utc) + timedelta(seconds=seconds))


def now_us():
    return time.time_ns() // 1000


def post(daemon, path, status=201, **body):
    found, _, answer = daemon.api('POST', path, body)
    assert found == status, (path, body, found, answer)
    return answer


def patch(daemon, path, row, status=200, **body):
    found, _, answer = daemon.api('PATCH', f'{path}/{row["id"]}', body)
    assert found == status, (path, body, found, answer)
    return answer


def delete(daemon, path, row, status=204):
    found, _, answer = daemon.api('DELETE', f'{path}/{row["id"]}')
    assert found == status, (path, row, found, answer)
    return answer


def record(daemon, camera, status=200, **body):
    return post(daemon, f'/api/v1/cameras/{camera}/recording', status, **body).get('event')


def add_camera(daemon, name, **members):
    return daemon.add_camera(**{**OFF, 'id': name, **members})


@pytest.fixture(scope='module')
def recorded(module_workshop):
    """A daemon that records `door` and has a finished file of it."""
    daemon = module_workshop.daemon(config={'storage': {'sync-interval': '500ms'}})
    cameras = module_workshop.sim({'door': {}})
    daemon.add_camera(id='door', url=cameras.urls['door'])
    wait_until(lambda: daemon.segments('door'), 20, 'a segment')
    time.sleep(1)
    daemon.disable_camera('door')
    daemon.patch_camera('door', enabled=True)
    daemon.wait_state('door', 'streaming')
    add_camera(daemon, 'idle')
    add_camera(daemon, 'disabled', enabled=False)
    return daemon


# --- events ---


def test_life_of_an_event(recorded):
    with Changes(recorded) as changes:
        status, headers, event = recorded.api('POST', EVENTS, {'camera': 'door'})
        assert status == 201 and headers['location'] == f'{EVENTS}/{event["id"]}'
        assert event | {'id': '', 'start': ''} == {
            'id': '', 'camera': 'door', 'kind': 'api', 'start': '', 'end': None,
            'score': None, 'title': None, 'metadata': None,
        }
        assert abs(parse_time(event['start']) - now_us()) < 5_000_000 * SLOWNESS
        assert changes.wait('event') == event
        assert recorded.get(f'{EVENTS}/{event["id"]}') == event

        described = patch(recorded, EVENTS, event, title='Fox 🦊', score=0.5, metadata={'a': {'b': 1}, 'c': 2})
        assert described == {**event, 'title': 'Fox 🦊', 'score': 0.5, 'metadata': {'a': {'b': 1}, 'c': 2}}
        merged = patch(recorded, EVENTS, event, metadata={'a': {'d': [None]}, 'c': None}, score=None)
        assert merged['metadata'] == {'a': {'b': 1, 'd': [None]}} and merged['score'] is None
        assert changes.wait('event', lambda e: e['score'] is None) == merged

        ended = patch(recorded, EVENTS, event, end='now')
        assert parse_time(ended['end']) >= parse_time(ended['start'])
        assert patch(recorded, EVENTS, event, end=ended['end']) == ended  # the same once more
        for again in ('now', None, at(60)):
            assert 'has ended' in patch(recorded, EVENTS, event, 409, end=again)['detail']
        assert patch(recorded, EVENTS, event, title=None, metadata=None)['metadata'] is None

        delete(recorded, EVENTS, event)
        assert changes.wait('event-removed') == {'id': event['id']}
        for method, body in (('GET', None), ('PATCH', {}), ('DELETE', None)):
            assert recorded.api(method, f'{EVENTS}/{event["id"]}', body)[0] == 404


def test_before_the_ring(recorded):
    """Long ago counts only what was recorded; the answer says from when on anything does."""
    first = recorded.segments('door')[0]
    inside = text_of(datetime.fromtimestamp(parse_time(first['start']) / 1e6 + 0.1, timezone.utc))
    event = post(recorded, EVENTS, camera='door', start=inside, duration=1)
    assert recorded.get(f'/api/v1/segments/{first["id"]}')['class'] == 'event'
    delete(recorded, EVENTS, event)
    assert recorded.get(f'/api/v1/segments/{first["id"]}')['class'] == 'continuous'
    for camera in ('door', 'idle'):
        problem = post(recorded, EVENTS, 400, camera=camera, start=at(-600), duration=1)
        assert problem['pointer'] == '/start'
        earliest = parse_time(problem['detail'].rstrip('.').split(' ')[-4])
        assert abs(now_us() - 10_000_000 - earliest) < 3_000_000 * SLOWNESS  # 5 s of pre-roll, 5 late
    post(recorded, EVENTS, camera='idle', start=at(-8), duration=1)


def test_ends(recorded):
    """An event is over already, ends by itself, or is a moment."""
    start = at(-1)
    event = post(recorded, EVENTS, camera='door', kind='motion', start=start, duration=0.5)
    assert event['start'] == start and event['kind'] == 'motion'
    assert parse_time(event['end']) - parse_time(start) == 500_000
    ahead = post(recorded, EVENTS, camera='door', end=at(3600 - 5))
    assert parse_time(ahead['end']) > now_us()
    assert patch(recorded, EVENTS, ahead, end=None)['end'] is None
    assert parse_time(patch(recorded, EVENTS, ahead, duration=30)['end']) == (
        parse_time(ahead['start']) + 30_000_000
    )
    assert patch(recorded, EVENTS, ahead, 400, duration=3601)['pointer'] == '/duration'
    assert patch(recorded, EVENTS, ahead, 400, end=at(-60))['pointer'] == '/end'
    patch(recorded, EVENTS, ahead, end='now')
    moment = post(recorded, EVENTS, camera='door', kind='bookmark', title='Here')
    assert moment['end'] == moment['start']
    assert parse_time(patch(recorded, EVENTS, moment, duration=10)['end']) == (
        parse_time(moment['start']) + 10_000_000
    )
    assert patch(recorded, EVENTS, moment, end=None)['end'] == moment['start']
    # A clock that is a little ahead is forgiven.
    soon = post(recorded, EVENTS, camera='door', start=at(1), duration=0)
    assert parse_time(soon['start']) <= now_us() and soon['end'] == soon['start']


BAD_EVENTS = [
    ({}, '/camera'),
    ({'camera': 7}, '/camera'),
    ({'camera': 'no-such'}, '/camera'),
    ({'camera': '../door'}, '/camera'),
    ({'camera': 'door', 'kind': 'alien'}, '/kind'),
    ({'camera': 'door', 'kind': 'manual'}, '/kind'),
    ({'camera': 'door', 'kind': ['api']}, '/kind'),
    ({'camera': 'door', 'start': 'yesterday'}, '/start'),
    ({'camera': 'door', 'start': 1732184130}, '/start'),
    ({'camera': 'door', 'start': '9999-12-31T23:59:59.999999Z'}, '/start'),
    ({'camera': 'door', 'start': '1970-01-01T00:00:00Z'}, '/start'),
    ({'camera': 'door', 'end': '2020-01-01T00:00:00Z'}, '/end'),
    ({'camera': 'door', 'end': '9999-12-31T23:59:59.999999Z'}, '/end'),
    ({'camera': 'door', 'end': 'now', 'duration': 1}, '/duration'),
    ({'camera': 'door', 'end': None, 'duration': 1}, '/duration'),
    ({'camera': 'door', 'duration': -1}, '/duration'),
    ({'camera': 'door', 'duration': '1'}, '/duration'),
    ({'camera': 'door', 'duration': 3601}, '/duration'),
    ({'camera': 'door', 'duration': 1e300}, '/duration'),
    ({'camera': 'door', 'score': 1.01}, '/score'),
    ({'camera': 'door', 'score': -0.1}, '/score'),
    ({'camera': 'door', 'score': True}, '/score'),
    ({'camera': 'door', 'title': ''}, '/title'),
    ({'camera': 'door', 'title': 'x' * 201}, '/title'),
    ({'camera': 'door', 'title': 'a\nb'}, '/title'),
    ({'camera': 'door', 'title': {}}, '/title'),
    ({'camera': 'door', 'metadata': []}, '/metadata'),
    ({'camera': 'door', 'metadata': 'x'}, '/metadata'),
    ({'camera': 'door', 'metadata': {'x': 'y' * 16384}}, '/metadata'),
    ({'camera': 'door', 'color': 'red'}, '/color'),
    ({'camera': 'door', 'id': '0000000000000001'}, '/id'),
]


def test_bad_events(recorded):
    before = recorded.list_all(EVENTS)
    for body, pointer in BAD_EVENTS:
        status, _, problem = recorded.api('POST', EVENTS, body)
        assert (status, problem.get('pointer')) == (400, pointer), (body, problem)
    for raw in (b'', b'[]', b'{"camera":"door",}', b'\xff', b'{"camera":"door","camera":"door"}'):
        assert recorded.api('POST', EVENTS, raw=raw, headers={'Content-Type': 'application/json'})[0] == 400
    for query in ('?kind=alien', '?kind=', '?start=x', '?limit=0', '?limit=1001', '?cursor=zzz', '?colour=red'):
        assert recorded.api('GET', EVENTS + query)[0] == 400, query
    for name in ('x', '0', '00000000000000001', 'ffffffffffffffff'):
        assert recorded.api('GET', f'{EVENTS}/{name}')[0] in (400, 404), name
    for body in ({'camera': 'door'}, {'start': at(0)}, {'kind': 'api'}):
        event = post(recorded, EVENTS, camera='door', kind='bookmark')
        assert patch(recorded, EVENTS, event, 400, **body)['pointer'] == f'/{next(iter(body))}'
        delete(recorded, EVENTS, event)
    assert recorded.list_all(EVENTS) == before


def test_lists(recorded):
    add_camera(recorded, 'listed')
    made = [
        post(recorded, EVENTS, camera='listed', kind=kind, duration=0, start=at(-3))
        for kind in ('api', 'motion', 'onvif', 'bookmark', 'api')
    ]
    assert recorded.list_all(f'{EVENTS}?camera=listed') == made
    assert recorded.list_all(f'{EVENTS}?camera=listed&limit=2') == made
    assert recorded.list_all(f'{EVENTS}?camera=listed&kind=api&limit=1') == [made[0], made[4]]
    assert recorded.list_all(f'{EVENTS}?camera=listed&start={at(60)}') == []
    assert recorded.list_all(f'{EVENTS}?camera=nobody') == []
    timeline = recorded.get('/api/v1/cameras/listed/timeline')
    assert timeline['events'] == [
        {name: event[name] for name in ('id', 'kind', 'start', 'end', 'score', 'title')} for event in made
    ]
    assert timeline['events_truncated'] is False
    assert recorded.api('DELETE', '/api/v1/cameras/listed')[0] == 204
    assert recorded.list_all(f'{EVENTS}?camera=listed') == made
    assert post(recorded, EVENTS, 400, camera='listed')['pointer'] == '/camera'


def test_bounds(recorded):
    """So many go on at once, and so many come in a second."""
    add_camera(recorded, 'busy')
    events = [post(recorded, EVENTS, camera='busy') for _ in range(MAX_LIVE)]
    assert 'go on already' in post(recorded, EVENTS, 409, camera='busy')['detail']
    post(recorded, EVENTS, camera='busy', start=at(-1), end='now')  # one that is over may be
    patch(recorded, EVENTS, events[3], end='now')
    assert recorded.metrics()['potoo_events_live'] >= MAX_LIVE - 1
    time.sleep(2)  # for tokens
    post(recorded, EVENTS, camera='busy')

    outcomes = []

    def hammer():
        for _ in range(BURST):
            status, headers, _ = recorded.api('POST', EVENTS, {'camera': 'busy', 'kind': 'bookmark'})
            outcomes.append((status, headers.get('retry-after')))

    started = time.monotonic()
    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.monotonic() - started
    made = sum(status == 201 for status, _ in outcomes)
    assert made <= BURST + 10 * taken + 1
    assert all(status == 201 or (status == 503 and retry) for status, retry in outcomes), outcomes
    assert made < len(outcomes) or taken > 5
    # What goes on ends with its camera, and nothing is left of it.
    recorded.patch_camera('busy', enabled=False)
    wait_until(
        lambda: all(event['end'] for event in recorded.list_all(f'{EVENTS}?camera=busy')), 10, 'the events to end'
    )
    assert 'disabled' in post(recorded, EVENTS, 409, camera='busy')['detail']


# --- manual recording ---


def test_manual_recording(recorded):
    event = record(recorded, 'idle', action='start', seconds=60)
    assert event['kind'] == 'manual'
    assert parse_time(event['end']) - parse_time(event['start']) == 60_000_000
    shorter = record(recorded, 'idle', action='start', seconds=1)
    assert shorter == event
    longer = record(recorded, 'idle', action='start', seconds=120)
    assert longer['id'] == event['id'] and parse_time(longer['end']) > parse_time(event['end'])
    endless = record(recorded, 'idle', action='start')
    assert endless['id'] == event['id'] and endless['end'] is None
    assert record(recorded, 'idle', action='start', seconds=3600) == endless
    stopped = record(recorded, 'idle', action='stop')
    assert stopped['id'] == event['id'] and parse_time(stopped['end']) <= now_us()
    assert record(recorded, 'idle', action='stop') is None
    again = record(recorded, 'idle', action='start', seconds=1.5)
    assert again['id'] != event['id']
    time.sleep(1.6)
    assert record(recorded, 'idle', action='stop') is None  # it ended by itself


def test_manual_recording_beyond_the_hour(recorded):
    """Another event takes over, without a hole."""
    first = record(recorded, 'idle', action='start', seconds=3599)
    time.sleep(1.2)
    second = record(recorded, 'idle', action='start', seconds=3600)
    assert second['id'] != first['id']
    wait_until(
        lambda: recorded.get(f'{EVENTS}/{first["id"]}')['end'] == second['start'], 5, 'the first to end'
    )
    assert record(recorded, 'idle', action='stop')['id'] == second['id']


def test_bad_recordings(recorded):
    for body, pointer in (
        ({}, '/action'),
        ({'action': 'pause'}, '/action'),
        ({'action': 1}, '/action'),
        ({'action': 'start', 'seconds': 0}, '/seconds'),
        ({'action': 'start', 'seconds': 3601}, '/seconds'),
        ({'action': 'start', 'seconds': '5'}, '/seconds'),
        ({'action': 'stop', 'seconds': 5}, '/seconds'),
        ({'action': 'start', 'minutes': 5}, '/minutes'),
    ):
        status, _, problem = recorded.api('POST', '/api/v1/cameras/idle/recording', body)
        assert (status, problem.get('pointer')) == (400, pointer), (body, problem)
    assert 'disabled' in post(recorded, '/api/v1/cameras/disabled/recording', 409, action='start')['detail']
    assert record(recorded, 'disabled', action='stop') is None
    post(recorded, '/api/v1/cameras/nobody/recording', 404, action='start')
    assert recorded.api('GET', '/api/v1/cameras/idle/recording')[0] == 405


# --- locks ---


def test_life_of_a_lock(recorded):
    segment = recorded.wait_segments('door', 1, 10)[0]
    url = f'/api/v1/segments/{segment["id"]}'
    with Changes(recorded) as changes:
        status, headers, lock = recorded.api(
            'POST', LOCKS,
            {'camera': 'door', 'start': segment['start'], 'end': segment['end'], 'reason': 'Police'},
        )
        assert status == 201 and headers['location'] == f'{LOCKS}/{lock["id"]}'
        assert lock['expires'] is None and lock['reason'] == 'Police'
        assert changes.wait('lock') == lock
        assert recorded.get(f'{LOCKS}/{lock["id"]}') == lock
        assert lock in recorded.list_all(f'{LOCKS}?camera=door')
        assert recorded.list_all(f'{LOCKS}?camera=idle') == []
        assert recorded.get(url)['class'] == 'locked'
        assert 'lock' in recorded.api('DELETE', url)[2]['detail']
        assert recorded.api('DELETE', url)[0] == 409

        changed = patch(recorded, LOCKS, lock, reason='Insurance', expires=at(3600))
        assert changed['reason'] == 'Insurance' and parse_time(changed['expires']) > now_us()
        assert patch(recorded, LOCKS, lock, expires=None)['expires'] is None
        soon = patch(recorded, LOCKS, lock, expires=at(1.5))
        assert soon['expires']
        assert changes.wait('lock-removed', timeout=20) == {'id': lock['id']}
        assert recorded.get(url)['class'] in ('continuous', 'event')
        assert recorded.api('GET', f'{LOCKS}/{lock["id"]}')[0] == 404
        assert recorded.metrics()['potoo_locks_expired_total'] >= 1

    path = recorded.segment_path(segment)
    assert recorded.api('DELETE', url)[0] == 204
    assert not path.exists()
    assert recorded.api('GET', url)[0] == 404 and recorded.api('DELETE', url)[0] == 404


def test_open_segments_stay(recorded):
    def look():
        return [s for s in recorded.segments('door') if s['state'] == 'open']

    segment = wait_until(look, 5, 'an open segment')[0]
    assert recorded.api('DELETE', f'/api/v1/segments/{segment["id"]}')[0] in (204, 409)


def test_bad_locks(recorded):
    good = {'camera': 'door', 'start': at(-60), 'end': at(60), 'reason': 'x'}
    for change, pointer in (
        ({'camera': None}, '/camera'),
        ({'camera': 'Door!'}, '/camera'),
        ({'start': None}, '/start'),
        ({'end': 'later'}, '/end'),
        ({'end': good['start']}, '/end'),
        ({'end': at(-61)}, '/end'),
        ({'end': at(32 * 86400)}, '/end'),
        ({'reason': ''}, '/reason'),
        ({'reason': ' '}, '/reason'),
        ({'reason': None}, '/reason'),
        ({'reason': 'x' * 201}, '/reason'),
        ({'expires': at(-1)}, '/expires'),
        ({'expires': 5}, '/expires'),
        ({'colour': 'red'}, '/colour'),
    ):
        status, _, problem = recorded.api('POST', LOCKS, {**good, **change})
        assert (status, problem.get('pointer')) == (400, pointer), (change, problem)
    for name in good:
        body = {key: value for key, value in good.items() if key != name}
        assert recorded.api('POST', LOCKS, body)[2]['pointer'] == f'/{name}'
    gone = post(recorded, LOCKS, 404, **{**good, 'start': at(-7200), 'end': at(-7100)})
    first = recorded.segments('door')[0]
    assert first['start'] in gone['detail']
    assert 'no recordings' in post(recorded, LOCKS, 404, **{**good, 'camera': 'nobody'})['detail']
    lock = post(recorded, LOCKS, **good)
    assert patch(recorded, LOCKS, lock, 404, start=at(-7200), end=at(-7100))
    assert patch(recorded, LOCKS, lock, 400, camera='idle')['pointer'] == '/camera'
    assert recorded.get(f'{LOCKS}/{lock["id"]}') == lock
    delete(recorded, LOCKS, lock)
    delete(recorded, LOCKS, lock, 404)


# --- across runs, and at the end of one ---


def test_next_start(sim, make_daemon):
    """What nobody ended ends with what was recorded; what is to end later goes on."""
    cameras = sim({'door': {}})
    daemon = make_daemon(config={'storage': {'sync-interval': '500ms'}})
    daemon.add_camera(id='door', url=cameras.urls['door'])
    daemon.wait_state('door', 'streaming')
    wait_until(lambda: daemon.segments('door'), 10, 'a segment')
    left = post(daemon, EVENTS, camera='door', title='left')
    planned = post(daemon, EVENTS, camera='door', duration=600)
    segment = daemon.segments('door')[0]
    lock = post(
        daemon, LOCKS, camera='door', start=segment['start'], end=at(60), reason='x', expires=at(2)
    )
    time.sleep(2)
    daemon.kill()
    daemon.start()
    ended = daemon.get(f'{EVENTS}/{left["id"]}')
    last = daemon.segments('door')[0]
    assert ended == {**left, 'end': last['end']}
    assert daemon.get(f'{EVENTS}/{planned["id"]}') == planned
    assert daemon.metrics()['potoo_events_live'] == 1
    patch(daemon, EVENTS, left, 409, end='now')
    assert parse_time(patch(daemon, EVENTS, planned, end='now')['end']) <= now_us()
    wait_until(lambda: daemon.api('GET', f'{LOCKS}/{lock["id"]}')[0] == 404, 10, 'the lock to expire')


def test_stop_with_requests_under_way(make_daemon):
    daemon = make_daemon()
    for n in range(4):
        add_camera(daemon, f'camera-{n}')
    outcomes = []

    def hammer(camera):
        try:
            while True:
                status, _, event = daemon.api('POST', EVENTS, {'camera': camera})
                outcomes.append(status)
                daemon.api('DELETE', f'{EVENTS}/{event["id"]}')
                daemon.api('POST', f'/api/v1/cameras/{camera}/recording', {'action': 'start'})
                daemon.api('POST', f'/api/v1/cameras/{camera}/recording', {'action': 'stop'})
        except (OSError, http.client.HTTPException, KeyError):
            pass  # it has stopped, or says so

    threads = [threading.Thread(target=hammer, args=(f'camera-{n}',)) for n in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: outcomes.count(201) > 8, 20, 'events to come')
    started = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - started < 3 * SLOWNESS
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
