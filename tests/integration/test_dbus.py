# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/dbus.md, held against the daemon on private buses."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from gi.repository import Gio, GLib
from potoo_bus import (
    CAMERA,
    CLOSED,
    MANAGER,
    NAME,
    OBJECT_MANAGER,
    OPEN,
    PROPERTIES,
    ROOT,
    CallError,
    Client,
    camera_path,
    pack,
    read_fd,
    read_interfaces,
)
from potoo_daemon import parse_time
from potoo_process import SLOWNESS, TOP, wait_until
from potoo_rtsp_client import RtspClient

F_GET_SEALS = 1034
SEALS = 0x000F
DEAD_URL = 'rtsp://127.0.0.1:1/nothing'


@pytest.fixture(scope='module')
def world(module_workshop):
    """A bus, a daemon on it with one camera that streams, and a client."""

    class World:
        bus = module_workshop.bus()
        sim = module_workshop.sim({'door': {'codec': 'h264', 'audio': 'aac'}})
        daemon = module_workshop.daemon(env=bus.env)
        client = Client(bus)

    World.client.wait(World.client.owner, 10, 'the name')
    World.client.add_camera(id='front-door', name='Front Door', url=World.sim.urls['door'])
    World.daemon.wait_state('front-door', 'streaming')
    wait_until(lambda: World.client.properties('front-door')['Recording'], 15, 'recording')
    yield World
    World.client.close()


@pytest.fixture
def client(world):
    """A client without old signals."""
    client = Client(world.bus)
    yield client
    client.close()


def expect(error, function, *arguments, **options):
    """The message of the error that this must be."""
    with pytest.raises(CallError) as caught:
        function(*arguments, **options)
    assert caught.value.name == error, caught.value
    return caught.value.message


# --- what there is ---


def describe(interface):
    """A Gio.DBusInterfaceInfo as plain values."""

    def list_arguments(arguments):
        return [(argument.name, argument.signature) for argument in arguments or ()]

    return {
        'methods': {
            m.name: (list_arguments(m.in_args), list_arguments(m.out_args))
            for m in interface.methods or ()
        },
        'signals': {s.name: list_arguments(s.args) for s in interface.signals or ()},
        'properties': {p.name: (p.signature, p.flags) for p in interface.properties or ()},
    }


@pytest.mark.parametrize('path, name', [(ROOT, MANAGER), (camera_path('front-door'), CAMERA)])
def test_interfaces_are_the_documented_ones(client, world, path, name):
    xml = client.call(path, 'org.freedesktop.DBus.Introspectable', 'Introspect')
    node = Gio.DBusNodeInfo.new_for_xml(xml)
    ours = [i for i in node.interfaces if i.name.startswith(NAME)]
    assert [i.name for i in ours] == [name]
    documented = read_interfaces()[name]
    assert describe(ours[0]) == describe(documented)
    page = (TOP / 'docs' / 'dbus.md').read_text(encoding='utf-8')
    for kind in describe(documented).values():
        for member in kind:
            assert f'`{member}' in page, f'{member} is not in docs/dbus.md'


def test_manager(client, world):
    system = world.daemon.get('/api/v1/system')
    properties = client.call(ROOT, PROPERTIES, 'GetAll', '(s)', MANAGER)
    assert properties['Version'] == system['version']
    assert properties['WebUrl'] == world.daemon.url
    assert abs(properties['Started'] - parse_time(system['started'])) < 5_000_000 * SLOWNESS


def test_memory(client, world):
    told, shown = client.manager('GetMemory'), world.daemon.get('/api/v1/system')['memory']
    assert set(told) == set(shown)
    assert told['budget_bytes'] == shown['budget_bytes'] and told['resident_bytes'] > 8_000_000


def test_storage(client, world):
    roots, cameras = client.manager('ListStorage')
    shown = world.daemon.get('/api/v1/storage')
    steady = ('name', 'path', 'state', 'priority', 'total_bytes', 'full', 'failed')
    for told, seen in zip([*roots, *cameras], [*shown['roots'], *shown['cameras']], strict=True):
        assert set(told) == set(seen)
        assert {key: told[key] for key in steady if key in told} == {
            key: seen[key] for key in steady if key in seen
        }
        assert set(told['bytes']) == {'continuous', 'event', 'locked'}
    assert [camera['id'] for camera in cameras] == [camera['id'] for camera in shown['cameras']]


def test_camera_settings(client, world):
    rows = client.manager('ListCameraSettings')
    names = [row['name'] for row in rows]
    shown = world.daemon.camera('front-door')
    assert set(names) == set(shown) - {'status', 'has_password'} | {'password'}
    assert names[:3] == ['id', 'name', 'url']
    kinds = {row['name']: row['type'] for row in rows}
    assert (kinds['url'], kinds['audio'], kinds['record']) == ('text', 'boolean', 'choice')
    assert [row['name'] for row in rows if row['write_only']] == ['password']


def test_camera_is_as_in_rest(client, world):
    def look():
        shown = world.daemon.camera('front-door')
        told = client.properties('front-door')
        status = shown.pop('status')
        settings = {key: '' if value is None else value for key, value in shown.items()}
        assert told['Settings'] == settings
        assert (told['Id'], told['Name'], told['Enabled']) == ('front-door', shown['name'], True)
        return (told['State'], told['VideoCodec'], told['AudioCodec'], told['Width']) == (
            status['state'],
            status['video_codec'],
            status['audio_codec'],
            status['width'],
        ) and told['Since'] == parse_time(status['since'])

    wait_until(look, 10, 'the same status over both doors')


# --- cameras come and go ---


def test_add_and_remove(client, world):
    path = client.add_camera(id='2nd-cam', url=DEAD_URL)
    assert path == f'{ROOT}/camera/_32nd_2dcam'
    assert set(client.objects()) >= {path, f'{ROOT}/camera/front_2ddoor'}
    assert client.properties('2nd-cam')['Id'] == '2nd-cam'
    added = client.wait(lambda: client.told(ROOT, f'{OBJECT_MANAGER}.InterfacesAdded'))
    assert [(found[0], found[1][CAMERA]['Id']) for found in added] == [(path, '2nd-cam')]
    assert world.daemon.camera('2nd-cam')['url'] == DEAD_URL

    expect('Exists', client.add_camera, id='2nd-cam', url=DEAD_URL)
    assert client.manager('RemoveCamera', '(st)', '2nd-cam', 0) is None
    assert path not in client.objects()
    removed = client.wait(lambda: client.told(ROOT, f'{OBJECT_MANAGER}.InterfacesRemoved'))
    assert removed == [(path, [CAMERA])]
    expect('NotFound', client.manager, 'RemoveCamera', '(st)', '2nd-cam', 0)
    expect('org.freedesktop.DBus.Error.UnknownMethod', client.update, '2nd-cam', name='x')
    assert world.daemon.api('GET', '/api/v1/cameras/2nd-cam')[0] == 404


def test_id_from_name(client):
    path = client.add_camera(name='Küche 2', url=DEAD_URL)
    assert path == camera_path('kuche-2')
    client.manager('RemoveCamera', '(st)', 'kuche-2', 0)


def test_if_version(client):
    client.add_camera(id='versioned', url=DEAD_URL)
    version = client.properties('versioned')['SettingsVersion']
    newer = client.update('versioned', if_version=version, name='One')
    assert newer > version
    expect('PreconditionFailed', client.update, 'versioned', if_version=version, name='Two')
    assert client.properties('versioned')['Name'] == 'One'
    expect('PreconditionFailed', client.manager, 'RemoveCamera', '(st)', 'versioned', version)
    client.manager('RemoveCamera', '(st)', 'versioned', newer)


@pytest.mark.parametrize(
    'settings, at',
    [
        ({'id': 'bad'}, 'url'),
        ({'id': 'Bad', 'url': DEAD_URL}, 'id'),
        ({'id': '-bad', 'url': DEAD_URL}, 'id'),
        ({'id': '../bad', 'url': DEAD_URL}, 'id'),
        ({'id': 'b' * 64, 'url': DEAD_URL}, 'id'),
        ({'id': 'bad', 'url': 'http://x'}, 'url'),
        ({'id': 'bad', 'url': ['a']}, 'url'),
        ({'id': 'bad', 'url': DEAD_URL, 'audio': 'yes'}, 'audio'),
        ({'id': 'bad', 'url': DEAD_URL, 'audio': 1}, 'audio'),
        ({'id': 'bad', 'url': DEAD_URL, 'record': 'sometimes'}, 'record'),
        ({'id': 'bad', 'url': DEAD_URL, 'nonsense': True}, 'nonsense'),
        ({'id': 'bad', 'url': DEAD_URL, 'has_password': True}, 'has_password'),
        ({'id': 'bad', 'url': DEAD_URL, 'name': 'a\nb'}, 'name'),
        ({'id': 'bad', 'url': DEAD_URL, 'username': '', 'password': 'x'}, 'password'),
    ],
)
def test_bad_settings(client, world, settings, at):
    """A clear error, the same for adding and changing, and nothing has changed."""
    before = world.daemon.list_all('/api/v1/cameras')
    assert expect('InvalidArgument', client.add_camera, **settings).startswith(f'{at}: ')
    change = {key: value for key, value in settings.items() if key != 'id' or at == 'id'}
    if 'url' in change or at not in ('url', 'password'):
        message = expect('InvalidArgument', client.update, 'front-door', **change)
        assert message.startswith(f'{at}: ')
    after = world.daemon.list_all('/api/v1/cameras')
    assert [c['id'] for c in after] == [c['id'] for c in before]
    assert client.properties('front-door')['Name'] == 'Front Door'


# --- settings and what follows them ---


def test_update_settings(client, world):
    client.update('front-door', name='Back Door')
    client.wait_change('front-door', Name='Back Door')
    assert world.daemon.camera('front-door')['name'] == 'Back Door'
    assert client.properties('front-door')['Settings']['name'] == 'Back Door'
    client.update('front-door', name='')
    assert client.properties('front-door')['Name'] == 'front-door'
    client.update('front-door', name='Front Door')
    assert client.properties('front-door')['State'] == 'streaming'  # nothing connected anew


def test_follows_rest(client, world):
    world.daemon.add_camera(id='rest', url=DEAD_URL, enabled=False)
    client.wait(lambda: client.told(ROOT, f'{OBJECT_MANAGER}.InterfacesAdded'))
    assert client.properties('rest')['State'] == 'disabled'
    world.daemon.patch_camera('rest', enabled=True, name='By REST')
    client.wait_change('rest', Enabled=True, Name='By REST', State='backing-off')
    told = client.properties('rest')
    assert told['Reason'] and told['RetryAt'] > told['Since'] > 0
    world.daemon.api('DELETE', '/api/v1/cameras/rest')
    client.wait(lambda: client.told(ROOT, f'{OBJECT_MANAGER}.InterfacesRemoved'))


def test_passwords_are_write_only(client, world):
    client.add_camera(id='secret', url='rtsp://user:hunter22@127.0.0.1:1/x')
    client.update('secret', password='hunter23')
    told = client.properties('secret')
    assert told['Settings']['has_password'] is True
    assert told['Settings']['url'] == 'rtsp://127.0.0.1:1/x'
    assert told['Settings']['username'] == 'user'
    client.update('secret', url='rtsp://127.0.0.1:2/x')
    assert client.properties('secret')['Settings']['has_password'] is False
    client.spin(0.3)
    client.manager('RemoveCamera', '(st)', 'secret', 0)
    assert 'hunter2' not in f'{told} {client.objects()} {client.signals} {world.daemon.read_log()}'


def test_measurements_are_told_but_not_often(client, world):
    client.wait(lambda: client.properties('front-door')['Fps'] > 20, 15)
    client.signals.clear()
    client.spin(6)
    told = [c for c in client.changes('front-door') if 'Fps' in c or 'Bitrate' in c]
    assert 1 <= len(told) <= 4, told
    client.wait(lambda: client.properties('front-door')['Fps'] == pytest.approx(25, abs=3), 30)
    properties = client.properties('front-door')
    assert properties['Bitrate'] > 50_000
    assert properties['Recording'] is True


# --- pictures ---


def read_jpeg_size(data):
    """(width, height) of the frame header of a JPEG."""
    assert data[:2] == b'\xff\xd8' and data[-2:] == b'\xff\xd9'
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], 'big')
    return int.from_bytes(data[at + 7 : at + 9], 'big'), int.from_bytes(data[at + 5 : at + 7], 'big')


@pytest.mark.parametrize('height, size', [(0, (320, 240)), (120, (160, 120)), (2000, (320, 240))])
def test_snapshot(client, height, size):
    _, (fd,) = client.camera('front-door', 'Snapshot', '(u)', height, fds=True)
    assert fcntl.fcntl(fd, F_GET_SEALS) & SEALS == SEALS
    assert read_jpeg_size(read_fd(fd)) == size


def test_snapshot_errors(client):
    for height in (1, 89, 2161, 0xFFFFFFFF):
        message = expect('InvalidArgument', client.camera, 'front-door', 'Snapshot', '(u)', height)
        assert message.startswith('height: ')
    client.add_camera(id='dark', url=DEAD_URL)
    client.wait(lambda: client.properties('dark')['Reason'])
    reason = client.properties('dark')['Reason']
    assert expect('Unavailable', client.camera, 'dark', 'Snapshot', '(u)', 0) == reason
    client.manager('RemoveCamera', '(st)', 'dark', 0)


# --- recordings ---


def as_rest(row):
    """A row of REST with the members and values that D-Bus has."""
    shown = {k: v for k, v in row.items() if k not in ('camera', 'media')}
    for name in ('start', 'end'):
        shown[name] = parse_time(shown[name]) or 0
    return shown


def test_segments_and_gaps(sim, workshop):
    bus = workshop.bus()
    daemon = workshop.daemon(env=bus.env)
    cameras = sim({'door': {}})
    client = Client(bus)
    client.wait(client.owner)
    client.add_camera(id='door', url=cameras.urls['door'])
    client.wait_change('door', 15, Recording=True)
    client.spin(2)
    cameras.fault('door', 'drop')  # a gap, and another segment
    client.wait(lambda: len(daemon.gaps('door')) == 2 and daemon.gaps('door')[1]['end'], 15)
    client.spin(1)
    client.update('door', enabled=False)
    client.wait_change('door', 15, Recording=False)

    segments = [as_rest(row) for row in daemon.segments('door')]
    gaps = [as_rest(row) for row in daemon.gaps('door')]
    assert len(segments) >= 2 and {s['state'] for s in segments} == {'closed'}
    found, following = client.camera('door', 'ListSegments', '(xxus)', 0, 0, 0, '')
    assert following == ''
    for row, shown in zip(found, segments, strict=True):
        assert row.pop('duration') == pytest.approx(shown.pop('duration'), abs=1e-6)
        assert row == shown
    assert client.camera('door', 'ListGaps', '(xxus)', 0, 0, 0, '') == (gaps, '')

    # each was told when it began and when it ended
    told = client.told(camera_path('door'), f'{CAMERA}.SegmentChanged')
    for segment in segments:
        states = [row['state'] for (row,) in told if row['id'] == segment['id']]
        assert states == ['open', 'closed'], told
    told = client.told(camera_path('door'), f'{CAMERA}.GapChanged')
    for gap in gaps:
        ends = [row['end'] for (row,) in told if row['id'] == gap['id']]
        assert ends[0] == 0 and ends[-1] == gap['end'], told

    # page by page, and a window
    pages, cursor = [], ''
    while not pages or cursor:
        (row,), cursor = client.camera('door', 'ListSegments', '(xxus)', 0, 0, 1, cursor)
        pages.append(row['id'])
    assert pages == [s['id'] for s in segments]
    start, end = segments[1]['start'], segments[1]['end']
    window, _ = client.camera('door', 'ListSegments', '(xxus)', start, end, 0, '')
    assert [row['id'] for row in window] == [segments[1]['id']]
    assert client.camera('door', 'ListGaps', '(xxus)', 1, 2, 0, '') == ([], '')
    days = client.camera('door', 'ListCoverage', '(xx)', gaps[0]['start'], 0)
    shown = daemon.get('/api/v1/cameras/door/coverage')['items'][-len(days) :]
    assert days == [as_rest(day) for day in shown] and days[-1]['missing_by_cause']
    client.close()


@pytest.mark.parametrize('method', ['ListSegments', 'ListGaps'])
@pytest.mark.parametrize(
    'start, end, limit, cursor, at',
    [
        (-1, 0, 0, '', 'end'),
        (2, 1, 0, '', 'end'),
        (0, -1, 0, '', 'end'),
        (0, 0, 1001, '', 'limit'),
        (0, 0, 0, 'nonsense', 'cursor'),
        (0, 0, 0, '0' * 32, 'cursor'),
        (0, 0, 0, "' OR 1=1 --", 'cursor'),
    ],
)
def test_bad_windows(client, method, start, end, limit, cursor, at):
    message = expect(
        'InvalidArgument', client.camera, 'front-door', method, '(xxus)', start, end, limit, cursor
    )
    assert message.startswith(f'{at}: ')


# --- events and locks ---


def of_event(row):
    """An event or lock of REST as D-Bus has it."""
    shown = {k: '' if v is None else v for k, v in row.items()}
    for name in ('start', 'end', 'expires', 'created'):
        if name in shown:
            shown[name] = parse_time(shown[name] or None) or 0
    if 'score' in shown:
        shown['score'] = -1.0 if shown['score'] == '' else shown['score']
    if shown.get('metadata'):
        shown['metadata'] = json.dumps(shown['metadata'], separators=(',', ':'))
    return shown


def wrap(**members):
    """a{sv} of texts, whole numbers as x, and floats as d."""
    kinds = {str: 's', int: 'x', float: 'd'}
    return {name: GLib.Variant(kinds[type(value)], value) for name, value in members.items()}


def test_events(client, world):
    now = int(time.time() * 1e6)
    (added,) = (client.manager('AddEvent', '(a{sv})', wrap(camera='front-door', start=now, score=0.25)),)
    path = f'/api/v1/events/{added["id"]}'
    assert added == of_event(world.daemon.get(path)) and added['end'] == 0 and added['kind'] == 'api'
    changes = wrap(end=now + 500_000, title='Fox', metadata='{"n": 1}')
    changed = client.manager('ChangeEvent', '(sa{sv})', added['id'], changes)
    assert changed == of_event(world.daemon.get(path)) and changed['end'] == now + 500_000
    found, following = client.manager('ListEvents', '(ssxxus)', 'front-door', 'api', 0, 0, 0, '')
    assert changed in found and following == ''
    assert client.manager('ListEvents', '(ssxxus)', '', 'onvif', 0, 0, 0, '') == ([], '')
    cleared = client.manager('ChangeEvent', '(sa{sv})', added['id'], wrap(title='', metadata='', score=-1.0))
    assert (cleared['title'], cleared['metadata'], cleared['score']) == ('', '', -1.0)
    client.manager('RemoveEvent', '(s)', added['id'])
    expect('NotFound', client.manager, 'RemoveEvent', '(s)', added['id'])
    told = f'{MANAGER}.EventRemoved'
    client.wait(lambda: client.told(ROOT, told), 5, 'the removal')
    assert client.told(ROOT, told) == [(added['id'],)]
    assert [row for (row,) in client.told(ROOT, f'{MANAGER}.EventChanged')] == [added, changed, cleared]


def test_manual_recording(client, world):
    started = client.camera('front-door', 'StartRecording', '(u)', 60)
    assert started['kind'] == 'manual' and started['end'] == started['start'] + 60_000_000
    assert client.camera('front-door', 'StartRecording', '(u)', 0)['id'] == started['id']
    assert client.camera('front-door', 'StopRecording') == started['id']
    assert client.camera('front-door', 'StopRecording') == ''
    assert expect('InvalidArgument', client.camera, 'front-door', 'StartRecording', '(u)', 3601).startswith('seconds: ')
    expect('InvalidArgument', client.camera, 'front-door', 'StartRecording', '(u)', 2**32 - 1)


def test_locks(client, world):
    now = int(time.time() * 1e6)
    lock = client.manager(
        'AddLock', '(a{sv})', wrap(camera='front-door', start=now - 60_000_000, end=now + 1_000_000, reason='Police')
    )
    path = f'/api/v1/locks/{lock["id"]}'
    assert lock == of_event(world.daemon.get(path))
    changed = client.manager('ChangeLock', '(sa{sv})', lock['id'], wrap(expires=now + 3_600_000_000))
    assert changed == of_event(world.daemon.get(path)) and changed['expires']
    assert client.manager('ListLocks', '(sxxus)', '', 0, 0, 0, '') == ([changed], '')
    assert client.manager('ListLocks', '(sxxus)', 'nobody', 0, 0, 0, '') == ([], '')
    client.manager('RemoveLock', '(s)', lock['id'])
    expect('NotFound', client.manager, 'RemoveLock', '(s)', lock['id'])
    client.wait(lambda: client.told(ROOT, f'{MANAGER}.LockRemoved'), 5, 'the removal')
    assert [row for (row,) in client.told(ROOT, f'{MANAGER}.LockChanged')] == [lock, changed]
    message = expect(
        'NotFound', client.manager, 'AddLock', '(a{sv})', wrap(camera='front-door', start=1, end=2, reason='x')
    )
    assert 'first recording starts at' in message


@pytest.mark.parametrize(
    'method, members, at',
    [
        ('AddEvent', {}, 'camera'),
        ('AddEvent', {'camera': 'nobody'}, 'camera'),
        ('AddEvent', {'camera': 5}, 'camera'),
        ('AddEvent', {'camera': 'front-door', 'start': 'now'}, 'start'),
        ('AddEvent', {'camera': 'front-door', 'start': -1}, 'start'),
        ('AddEvent', {'camera': 'front-door', 'start': 2**63 - 1}, 'start'),
        ('AddEvent', {'camera': 'front-door', 'score': 'high'}, 'score'),
        ('AddEvent', {'camera': 'front-door', 'score': float('nan')}, 'score'),
        ('AddEvent', {'camera': 'front-door', 'duration': float('inf')}, 'duration'),
        ('AddEvent', {'camera': 'front-door', 'duration': -1.0}, 'duration'),
        ('AddEvent', {'camera': 'front-door', 'metadata': '{"a":'}, 'metadata'),
        ('AddEvent', {'camera': 'front-door', 'metadata': '[1]'}, 'metadata'),
        ('AddEvent', {'camera': 'front-door', 'title': 'x' * 201}, 'title'),
        ('AddEvent', {'camera': 'front-door', '/~': 'x'}, '~1~0'),
        ('AddLock', {}, 'camera'),
        ('AddLock', {'camera': 'front-door', 'start': 5, 'end': 5, 'reason': 'x'}, 'end'),
        ('AddLock', {'camera': 'front-door', 'start': 5, 'end': 6, 'reason': ''}, 'reason'),
        ('AddLock', {'camera': 'front-door', 'start': 5, 'end': 6, 'reason': 'x', 'expires': 7}, 'expires'),
    ],
)
def test_bad_members(client, method, members, at):
    assert expect('InvalidArgument', client.manager, method, '(a{sv})', wrap(**members)).startswith(f'{at}: ')


def test_delete_recordings(sim, workshop):
    """One file, and all of a camera: as in REST."""
    bus = workshop.bus()
    daemon = workshop.daemon(env=bus.env, config={'storage': {'segment-duration': '1h'}})
    client = Client(bus)
    client.wait(client.owner, 10, 'the name')
    url = sim({'door': {'codec': 'h264'}}).urls['door']
    client.add_camera(id='door', url=url)
    opened = wait_until(lambda: daemon.segments('door'), 20, 'a segment')[-1]
    assert 'is being recorded' in expect('Conflict', client.manager, 'DeleteSegment', '(s)', opened['id'])
    segment = daemon.disable_camera('door')[-1]
    path = daemon.segment_path(segment)
    assert client.manager('DeleteSegment', '(s)', segment['id']) is None
    assert segment not in daemon.segments('door') and not path.exists()
    expect('NotFound', client.manager, 'DeleteSegment', '(s)', segment['id'])
    told = f'{MANAGER}.SegmentRemoved'
    client.wait(lambda: (segment['id'],) in client.told(ROOT, told), 10, 'the removal')
    client.update('door', enabled=True)
    wait_until(lambda: daemon.segments('door'), 20, 'a segment')
    version = client.properties('door')['SettingsVersion']
    expect('PreconditionFailed', client.manager, 'DeleteCamera', '(st)', 'door', version - 1)
    expect('NotFound', client.manager, 'DeleteCamera', '(st)', 'nobody', 0)
    assert client.manager('DeleteCamera', '(st)', 'door', version) is None
    client.wait(lambda: daemon.query('SELECT id FROM segments') == [], 30, 'the recordings to go')
    client.close()


def test_bad_ids(client):
    for method, more in (
        ('DeleteSegment', ()), ('RemoveEvent', ()), ('RemoveLock', ()), ('ChangeEvent', ({},)), ('ChangeLock', ({},))):
        signature = '(sa{sv})' if more else '(s)'
        for text in ('', 'x', '0' * 16, '1', 'g' * 16):
            message = expect('InvalidArgument', client.manager, method, signature, text, *more)
            assert message.startswith('id: ')
        expect('NotFound', client.manager, method, signature, '7' + 'f' * 15, *more)
    assert expect('InvalidArgument', client.manager, 'ListEvents', '(ssxxus)', '', 'alien', 0, 0, 0, '').startswith('kind: ')


# --- viewers ---


def test_viewers(client, world):
    url = client.properties('front-door')['RestreamUrl']
    assert url == f'{world.daemon.rtsp_url}/front-door'
    assert client.manager('ListViewers') == []
    expect('NotFound', client.manager, 'DisconnectViewer', '(t)', 12345)
    with RtspClient(url) as viewer:
        viewer.play()
        viewer.receive(1)
        (told,) = client.manager('ListViewers')
        address, port = viewer.socket.getsockname()
        assert (told['address'], told['port']) == (address, port)
        assert (told['camera'], told['stream'], told['transport']) == ('front-door', 'main', 'tcp')
        assert told['bytes'] > 0
        assert abs(told['since'] - time.time() * 1e6) < 30e6
        client.manager('DisconnectViewer', '(t)', told['id'])
        wait_until(lambda: client.manager('ListViewers') == [], 10, 'the viewer to be gone')
    assert client.properties('front-door')['State'] == 'streaming'


# --- bad callers ---


def test_wrong_types(client):
    invalid = 'org.freedesktop.DBus.Error.InvalidArgs'
    expect(invalid, client.manager, 'AddCamera', '(a{ss}b)', {'url': DEAD_URL}, False)
    expect(invalid, client.manager, 'RemoveCamera', '(s)', 'front-door')
    expect(invalid, client.camera, 'front-door', 'Snapshot', '(i)', -1)
    expect(invalid, client.camera, 'front-door', 'UpdateSettings', '(a{sv})', pack({'name': 'x'}))
    expect(invalid, client.manager, 'AddEvent', '(s)', 'front-door')
    expect(invalid, client.manager, 'ListEvents', '(xxus)', 0, 0, 0, '')
    expect(invalid, client.manager, 'RemoveLock', '(t)', 1)
    expect(invalid, client.camera, 'front-door', 'StartRecording', '(s)', '5')
    unknown = 'org.freedesktop.DBus.Error.UnknownMethod'
    expect(unknown, client.manager, 'Explode')
    expect(invalid, client.call, ROOT, PROPERTIES, 'Set', '(ssv)', MANAGER, 'Version', GLib.Variant('s', 'x'))


def test_large_arguments(client, world):
    expect('TooLarge', client.update, 'front-door', name='x' * 70_000)
    expect('TooLarge', client.manager, 'AddCamera', '(a{sv}b)', pack({f's{n}': 'x' * 100 for n in range(1000)}), False)
    assert client.properties('front-door')['Name'] == 'Front Door'


def test_many_calls(client, world):
    """More than may be under way: each is answered, with what was asked for or `Busy`."""
    path = camera_path('front-door')
    outcomes = [
        client.start_call(path, CAMERA, 'ListSegments', '(xxus)', 0, 0, 1000, '') for _ in range(400)
    ]
    client.wait(lambda: all(outcomes), 30, 'all answers')
    errors = {error.name for ((_, error),) in outcomes if error}
    assert errors <= {'Busy'}
    assert sum(1 for ((answer, _),) in outcomes if answer) >= 64
    assert world.daemon.metrics()['potoo_dbus_calls'] == 0
    client.properties('front-door')


DYING_CALLER = """
import os, sys
sys.path.insert(0, sys.argv[2])
from types import SimpleNamespace
from potoo_bus import CAMERA, Client, camera_path, pack
client = Client(SimpleNamespace(address=sys.argv[1]))
path = camera_path('front-door')
for n in range(8):
    client.start_call(path, CAMERA, 'Snapshot', '(u)', 90 + n)
    client.start_call(path, CAMERA, 'ListSegments', '(xxus)', 0, 0, 0, '')
    client.start_call(path, CAMERA, 'UpdateSettings', '(a{sv}t)', pack({'name': 'Front Door'}), 0)
client.link.flush_sync(None)
os._exit(0)
"""


def test_callers_that_die(client, world):
    for _ in range(5):
        caller = [sys.executable, '-c', DYING_CALLER, world.bus.address, str(TOP / 'tests' / 'lib')]
        subprocess.run(caller, check=True, timeout=30 * SLOWNESS)
    wait_until(lambda: world.daemon.metrics()['potoo_dbus_calls'] == 0, 20, 'no call under way')
    assert client.properties('front-door')['State'] == 'streaming'
    _, (fd,) = client.camera('front-door', 'Snapshot', '(u)', 0, fds=True)
    os.close(fd)


# --- buses that come and go ---


def wait_log(daemon, text, timeout=20):
    wait_until(lambda: text in daemon.read_log(), timeout, f'“{text}” in the log')


def test_no_bus(workshop):
    """It runs without, and takes the bus that comes later; it says so once."""
    bus = workshop.bus()
    bus.stop()
    daemon = workshop.daemon(env=bus.env)
    wait_log(daemon, 'Potoo is not on the session bus')
    assert daemon.metrics()['potoo_dbus_connected'] == 0
    time.sleep(2.5)  # at least one more try
    bus.start()
    client = Client(bus)
    client.wait(client.owner, 20, 'the name')
    assert client.objects() == {}
    assert daemon.read_log().count('Potoo is not on the session bus') == 1
    client.close()


def test_no_session(daemon):
    wait_log(daemon, 'There is no session bus here')


def test_bus_restart(sim, workshop):
    bus = workshop.bus()
    daemon = workshop.daemon(env=bus.env)
    cameras = sim({'door': {}})
    daemon.add_camera(id='door', url=cameras.urls['door'])
    daemon.wait_state('door', 'streaming')
    wait_until(lambda: daemon.segments('door'), 10, 'a segment')
    for _ in range(2):
        bus.stop()
        wait_until(lambda: daemon.metrics()['potoo_dbus_connected'] == 0, 10, 'no connection')
        daemon.add_camera(id='meanwhile', url=DEAD_URL, enabled=False)
        time.sleep(1)
        bus.start()
        client = Client(bus)
        client.wait(client.owner, 20, 'the name')
        assert set(client.objects()) == {camera_path('door'), camera_path('meanwhile')}
        client.update('door', name='Anew')
        client.wait_change('door', Name='Anew', timeout=10)
        client.manager('RemoveCamera', '(st)', 'meanwhile', 0)
        client.update('door', name='')
        client.close()
    # From before the first picture, unless that came at once.
    began = daemon.segments('door')[0]['start']
    assert [gap for gap in daemon.gaps('door') if gap['start'] >= began] == []
    assert daemon.state('door') == 'streaming'


def test_bus_that_stands_still(workshop):
    """Nothing piles up for it: it is let go, and comes back like any other."""
    bus = workshop.bus()
    daemon = workshop.daemon(env=bus.env)
    daemon.add_camera(id='off', url=DEAD_URL, enabled=False)
    client = Client(bus)
    client.wait(client.owner)
    bus.process.child.send_signal(signal.SIGSTOP)
    wait_until(lambda: daemon.metrics()['potoo_dbus_connected'] == 0, 20, 'the bus to be let go')
    wait_log(daemon, 'the bus does not answer')
    bus.process.child.send_signal(signal.SIGCONT)
    wait_until(lambda: daemon.metrics()['potoo_dbus_name_owned'] == 1, 20, 'the name')
    assert set(client.objects()) == {camera_path('off')}
    client.close()


def test_two_daemons(workshop):
    bus = workshop.bus()
    client = Client(bus)
    first = workshop.daemon(env=bus.env)
    owner = client.wait(client.owner)
    second = workshop.daemon(env=bus.env)
    wait_log(second, 'cannot be had')
    second.add_camera(id='other', url=DEAD_URL, enabled=False)
    assert client.owner() == owner
    assert client.objects() == {}
    assert first.is_running and second.is_running
    assert second.metrics()['potoo_dbus_name_owned'] == 0
    first.stop()
    client.wait(lambda: client.owner() not in (None, owner), 10, 'the other to have the name')
    assert set(client.objects()) == {camera_path('other')}
    client.close()


# --- the end ---


def test_shutdown_with_calls(sim, workshop):
    """What is under way gets an answer or a clean error, and nobody waits for it."""
    bus = workshop.bus()
    daemon = workshop.daemon(env=bus.env)
    cameras = sim({'door': {}})
    client = Client(bus)
    client.wait(client.owner)
    client.add_camera(id='door', url=cameras.urls['door'])
    client.wait_change('door', 15, Recording=True)
    path = camera_path('door')
    outcomes = [
        client.start_call(path, CAMERA, 'Snapshot', '(u)', 90 + n) for n in range(20)
    ] + [
        client.start_call(ROOT, MANAGER, 'AddCamera', '(a{sv}b)', pack({'id': f'c{n}', 'url': DEAD_URL}), False)
        for n in range(20)
    ] + [
        client.start_call(ROOT, MANAGER, 'AddEvent', '(a{sv})', wrap(camera='door', kind='bookmark')) for _ in range(10)
    ]
    client.link.flush_sync(None)
    started = time.monotonic()
    daemon.process.child.send_signal(signal.SIGTERM)
    later = client.start_call(path, CAMERA, 'ListGaps', '(xxus)', 0, 0, 0, '')
    assert daemon.process.wait(10) == 0
    assert time.monotonic() - started < 3 * SLOWNESS
    client.wait(lambda: all(outcomes) and later, 5, 'all answers')
    gone = 'org.freedesktop.DBus.Error'
    clean = {'Unavailable', 'Busy', f'{gone}.NoReply', f'{gone}.ServiceUnknown', f'{gone}.UnknownMethod'}
    errors = {error.name for ((_, error),) in [*outcomes, later] if error}
    assert errors <= clean, errors
    # what was answered is durable
    added = {answer[0] for ((answer, _),) in outcomes[20:40] if answer}
    told = {answer[0]['id'] for ((answer, _),) in outcomes[40:] if answer}
    daemon.start()
    assert told <= {event['id'] for event in daemon.list_all('/api/v1/events')}
    assert added <= {camera_path(camera['id']) for camera in daemon.list_all('/api/v1/cameras')}
    client.close()


def test_shutdown_with_a_bus_that_stands_still(workshop):
    bus = workshop.bus()
    daemon = workshop.daemon(env=bus.env)
    client = Client(bus)
    client.wait(client.owner)
    bus.process.child.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - started < 3 * SLOWNESS


# --- who may ---


def test_system_bus(workshop):
    policy = (TOP / 'data' / 'org.potoo.Nvr1.conf').read_text(encoding='utf-8')
    inner = policy[policy.index('<busconfig>') + len('<busconfig>') : policy.index('</busconfig>')]
    me = f'<policy user="{os.getuid()}"><allow own="{NAME}"/><allow send_destination="{NAME}"/></policy>'
    bus = workshop.bus(kind='system', policy=f'{CLOSED}{inner}{"" if os.getuid() == 0 else me}')
    daemon = workshop.daemon(env=bus.env, arguments=['--system'])
    client = Client(bus)
    client.wait(client.owner, 10, 'the name on the system bus')
    wait_log(daemon, 'on the system bus')
    client.add_camera(id='door', url=DEAD_URL, enabled=False)
    assert client.properties('door')['State'] == 'disabled'
    if os.getuid() == 0:
        denied = 'org.freedesktop.DBus.Error.AccessDenied'
        for call in (['Introspectable', 'Introspect'], ['ObjectManager', 'GetManagedObjects']):
            assert denied in call_as_nobody(bus, ROOT, f'org.freedesktop.DBus.{call[0]}.{call[1]}')
        assert denied in call_as_nobody(bus, ROOT, f'{MANAGER}.RemoveCamera', 'door', '0')
    assert client.properties('door')['Id'] == 'door'
    client.close()


def call_as_nobody(bus, path, method, *arguments):
    """What gdbus prints when another user calls."""
    command = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'gdbus', 'call']
    command += ['--address', bus.address, '--dest', NAME, '--object-path', path, '--method', method]
    found = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=30 * SLOWNESS, cwd='/'
    )
    return found.stdout + found.stderr


def test_other_users_are_refused_by_ourselves(workshop):
    """Also where the bus lets them through."""
    if os.getuid() != 0:
        return  # it takes another user
    bus = workshop.bus(policy=OPEN)
    daemon = workshop.daemon(env=bus.env)
    client = Client(bus)
    client.wait(client.owner)
    client.add_camera(id='door', url=DEAD_URL, enabled=False)
    said = call_as_nobody(bus, ROOT, f'{MANAGER}.RemoveCamera', 'door', '0')
    assert f'{NAME}.Error.Forbidden' in said, said
    said = call_as_nobody(bus, camera_path('door'), f'{CAMERA}.Snapshot', '0')
    assert f'{NAME}.Error.Forbidden' in said, said
    assert daemon.camera('door')['id'] == 'door'
    assert daemon.metrics()['potoo_dbus_calls_refused_total'] == 2
    client.close()
