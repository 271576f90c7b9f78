# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks, firmware and operators at their worst: each is told, counted, and over by itself; others
notice nothing.

All cameras are on one daemon and misbehave at the same time, each in its own way (a function of a
thread); the tests look at what came of it.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from potoo_daemon import find_free_port, parse_time
from potoo_faults import (
    GOP,
    SECOND,
    SMALL,
    UNTOUCHED,
    add,
    expect_gap,
    first_frame_us,
    now_us,
    reason_of,
    start_untouched,
    stop_recording,
    wait_for_gap,
    wait_for_recording,
)
from potoo_ledger import check_ledger
from potoo_process import read_process, wait_until
from potoo_recording import find_lost_and_doubled, read_stamps

FPS = 25
SDP_KINDS = ('empty', 'cut', 'noise', 'bytes', 'lines', 'numbers', 'many', 'huge')
LONG_GOP = 100  # of 100 pictures in the loop
FACTOR = 20
EDITS_A_MINUTE = 100
EDITED_S = 24
MAX_GROWTH_BYTES = 40_000_000
CAMERAS = {
    **UNTOUCHED,
    'lossy-udp': {**SMALL, 'bitrate': 1000, 'seed': 1},
    'lossy-tcp': {**SMALL, 'bitrate': 1000, 'seed': 2},
    'disorder': {**SMALL, 'bitrate': 1000, 'seed': 3},
    'corrupt': {**SMALL, 'bitrate': 1000, 'seed': 4},
    'half-open': SMALL,
    'reboots-tcp': SMALL,
    'reboots-udp': SMALL,
    'drip': SMALL,
    'swell': SMALL,
    'long-gop': SMALL,
    'trickle': {**SMALL, 'audio': 'aac'},
    'edited': SMALL,
    **{f'sdp-{kind}': {**SMALL, 'seed': n} for n, kind in enumerate(SDP_KINDS)},
}


def sim_status(cameras, name):
    return json.loads(cameras.fault(name, 'status').removeprefix('ok '))


def counter(potoo, metric, camera):
    return sum(
        value
        for key, value in potoo.metrics().items()
        if key.startswith(metric + '{') and f'camera="{camera}"' in key
    )


def watch_states(potoo, name, seconds):
    """All states of the next @seconds."""
    states = set()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        states.add(potoo.state(name))
        time.sleep(0.25)
    return states


def stamps_of(paths):
    return [stamp for path in paths for stamp in read_stamps(path)]


def paths_of(potoo, name):
    return [potoo.segment_path(segment) for segment in potoo.disable_camera(name)]


# --- what happens to each ---


def lose_packets(potoo, cameras, name, transport):
    add(potoo, cameras, name, transport=transport)
    from_us = now_us()
    cameras.fault(name, 'lose', '5')
    states = watch_states(potoo, name, 14)
    reason = reason_of(potoo, name)
    cameras.fault(name, 'lose', '0')
    until_us = now_us()
    wait_until(lambda: reason_of(potoo, name) is None, 20, 'the loss to be over')
    return {
        'states': states,
        'reason': reason,
        'from_us': from_us,
        'until_us': until_us,
        'lost': counter(potoo, 'potoo_stream_packets_lost_total', name),
        'damaged': counter(potoo, 'potoo_stream_damaged_total', name),
        'sent': sim_status(cameras, name)['packets_lost'],
        'paths': paths_of(potoo, name),
    }


def disorder(potoo, cameras, name):
    add(potoo, cameras, name, transport='udp')
    cameras.fault(name, 'reorder', '5')
    cameras.fault(name, 'duplicate', '5')
    states = watch_states(potoo, name, 8)
    lost = counter(potoo, 'potoo_stream_packets_lost_total', name)
    return {'states': states, 'lost': lost, 'paths': stop_recording(potoo, name)}


def corrupt(potoo, cameras, name):
    add(potoo, cameras, name)
    cameras.fault(name, 'corrupt', '5')
    time.sleep(10)
    cameras.fault(name, 'corrupt', '0')
    over_us = now_us()
    potoo.wait_state(name, 'streaming', timeout=40)
    wait_for_recording(potoo, name, over_us + 3 * SECOND)
    return {'over_us': over_us, 'paths': paths_of(potoo, name)}


def open_by_half(potoo, cameras, name):
    add(potoo, cameras, name)
    for _ in range(2):
        dead_us = now_us()
        cameras.fault(name, 'half-open')
        wait_for_gap(potoo, name, 'stalled', dead_us - SECOND, ended=False, timeout=20)
        assert reason_of(potoo, name)
        potoo.wait_state(name, 'streaming', timeout=20)
        wait_for_recording(potoo, name, now_us())
        expect_gap(
            potoo, name, 'stalled', dead_us, first_frame_us(potoo, name, dead_us + SECOND), timeout=20
        )
    return stop_recording(potoo, name)


def reboot(potoo, cameras, name, transport):
    add(potoo, cameras, name, transport=transport)
    cameras.fault(name, 'reboot-loop', '4/1')
    time.sleep(24)
    cameras.fault(name, 'reboot-loop', 'off')
    potoo.wait_state(name, 'streaming', timeout=40)
    wait_for_recording(potoo, name, now_us())
    gaps = potoo.gaps(name)
    return {'gaps': gaps, 'paths': stop_recording(potoo, name)}


def drip(potoo, cameras, name):
    add(potoo, cameras, name)
    cameras.fault(name, 'slow-drip', '10')
    dropped_us = now_us()
    cameras.fault(name, 'drop')
    potoo.wait_state(name, 'connecting', timeout=10)
    potoo.wait_state(name, 'backing-off', timeout=25)
    reason = wait_until(lambda: reason_of(potoo, name), 5, 'a reason')
    cameras.fault(name, 'slow-drip', '0')
    potoo.wait_state(name, 'streaming', timeout=40)
    wait_for_recording(potoo, name, now_us())
    expect_gap(
        potoo, name, 'disconnected', dropped_us, first_frame_us(potoo, name, dropped_us + SECOND)
    )
    return {'reason': reason, 'paths': stop_recording(potoo, name)}


def swell(potoo, cameras, name):
    add(potoo, cameras, name)
    before = potoo.camera(name)['status']['bitrate']
    cameras.fault(name, 'swell', str(FACTOR))
    time.sleep(7)
    during = potoo.camera(name)['status']['bitrate']
    cameras.fault(name, 'swell', '1')
    time.sleep(3)
    return {'before': before, 'during': during, 'paths': stop_recording(potoo, name)}


def lengthen_gop(potoo, cameras, name):
    add(potoo, cameras, name)
    cameras.fault(name, 'gop', str(LONG_GOP))
    states = watch_states(potoo, name, 14)
    cameras.fault(name, 'gop', str(GOP))
    time.sleep(6)
    return {'states': states, 'paths': stop_recording(potoo, name)}


def trickle(potoo, cameras, name):
    add(potoo, cameras, name)
    from_us = now_us()
    cameras.fault(name, 'trickle', '60')
    states = watch_states(potoo, name, 10)
    cameras.fault(name, 'trickle', '0')
    time.sleep(5)
    gaps = [g for g in potoo.gaps(name) if parse_time(g['start']) > from_us]
    return {'states': states, 'gaps': gaps, 'paths': stop_recording(potoo, name)}


def spoil_sdp(potoo, cameras, name):
    add(potoo, cameras, name)
    cameras.fault(name, 'sdp', name.removeprefix('sdp-'))
    attempts = counter(potoo, 'potoo_camera_connection_attempts_total', name)
    dropped_us = now_us()
    cameras.fault(name, 'drop')

    def has_tried():
        return counter(potoo, 'potoo_camera_connection_attempts_total', name) >= attempts + 3

    # Some of what is left of a description is enough.
    seen = []
    end = time.monotonic() + 12
    while time.monotonic() < end and not has_tried():
        seen.append(potoo.camera(name)['status'])
        time.sleep(0.3)
    cameras.fault(name, 'sdp', 'good')
    cameras.fault(name, 'drop')
    # No try is made soon of what cannot be used: as somebody would who has mended the camera.
    potoo.patch_camera(name, transport='tcp')
    potoo.wait_state(name, 'streaming', timeout=40)
    wait_for_recording(potoo, name, now_us())
    return {'seen': seen, 'dropped_us': dropped_us, 'paths': paths_of(potoo, name)}


def edit(potoo, cameras, name):
    """Its name, again and again; and those of a camera that comes, is pointed elsewhere, and goes."""
    add(potoo, cameras, name)
    n = EDITS_A_MINUTE * EDITED_S // 60
    began = time.monotonic()
    for i in range(n):
        potoo.patch_camera(name, name=f'Name {i}', min_days=i % 3)
        if i % 3 == 0:
            potoo.add_camera(id='passing', url=cameras.urls[name])
        elif i % 3 == 1:
            potoo.patch_camera('passing', url=f'rtsp://127.0.0.1:{find_free_port()}/nowhere')
        else:
            assert potoo.api('DELETE', '/api/v1/cameras/passing?recordings=delete')[0] == 204
        time.sleep(max(0, began + (i + 1) * 60 / EDITS_A_MINUTE - time.monotonic()))
    taken_s = time.monotonic() - began
    if n % 3 != 0:
        assert potoo.api('DELETE', '/api/v1/cameras/passing?recordings=delete')[0] == 204
    camera = potoo.camera(name)
    return {'n': n, 'taken_s': taken_s, 'camera': camera, 'paths': stop_recording(potoo, name)}


@pytest.fixture(scope='module')
def cameras(module_workshop):
    return module_workshop.sim(CAMERAS)


@pytest.fixture(scope='module')
def potoo(module_workshop, cameras):
    return start_untouched(module_workshop, cameras)


@pytest.fixture(scope='module')
def outcome(potoo, cameras):
    """Name → what came of it; and what the process was like before, while and after."""
    before = read_process(potoo.pid)
    functions = {
        'lossy-udp': lambda *a: lose_packets(*a, 'udp'),
        'lossy-tcp': lambda *a: lose_packets(*a, 'tcp'),
        'disorder': disorder,
        'corrupt': corrupt,
        'half-open': open_by_half,
        'reboots-tcp': lambda *a: reboot(*a, 'tcp'),
        'reboots-udp': lambda *a: reboot(*a, 'udp'),
        'drip': drip,
        'swell': swell,
        'long-gop': lengthen_gop,
        'trickle': trickle,
        'edited': edit,
        **{f'sdp-{kind}': spoil_sdp for kind in SDP_KINDS},
    }
    with ThreadPoolExecutor(len(functions)) as pool:
        futures = {
            name: pool.submit(function, potoo, cameras, name) for name, function in functions.items()
        }
        time.sleep(10)
        during = read_process(potoo.pid)
    return {**futures, 'before': before, 'during': during}


# --- what came of it ---


@pytest.mark.parametrize('transport, word', [('udp', 'transport to tcp'), ('tcp', 'overloaded')])
def test_five_percent_of_packets_are_lost(outcome, transport, word):
    """What arrives is recorded and the rest counted; the next keyframe after it is whole."""
    found = outcome[f'lossy-{transport}'].result()
    print({k: v for k, v in found.items() if k != 'paths'})
    assert found['states'] == {'streaming'}
    assert '%' in found['reason'] and word in found['reason']
    assert found['sent'] > 50 and found['lost'] == found['sent']
    assert found['damaged'] > 50
    stamps = stamps_of(found['paths'])
    missing, doubled = find_lost_and_doubled(stamps)
    assert doubled == [] and len(found['paths']) == 1
    # Nothing lacks before, nor when a keyframe has come after it.
    wall_us = {stamp.number: stamp.wall_us for stamp in stamps}
    for number in missing:
        at_us = wall_us[max(n for n in wall_us if n < number)]
        assert found['from_us'] - SECOND < at_us < found['until_us'] + SECOND, (number, at_us)
    assert 0 < len(missing) < 0.5 * 14 * FPS


def test_packets_out_of_order_and_twice(outcome):
    """They are put right."""
    found = outcome['disorder'].result()
    assert found['states'] == {'streaming'} and found['lost'] == 0
    stamps = stamps_of(found['paths'])
    assert len(stamps) > 8 * FPS and find_lost_and_doubled(stamps) == ([], [])


def test_packets_with_wrong_bits(outcome):
    found = outcome['corrupt'].result()
    # What comes after it; the stamps before were hit as well.
    stamps = stamps_of(found['paths'])[-2 * FPS :]
    assert len(stamps) == 2 * FPS and stamps[0].wall_us > found['over_us']
    assert find_lost_and_doubled(stamps) == ([], [])


def test_peer_vanishes(outcome):
    """TCP stays open, nothing comes: the silence tells, twice, and leaves nothing behind."""
    paths = outcome['half-open'].result()
    assert len(paths) == 3
    for path in paths:
        assert find_lost_and_doubled(read_stamps(path)) == ([], [])


@pytest.mark.parametrize('transport', ['tcp', 'udp'])
def test_reboot_loop(outcome, transport):
    found = outcome[f'reboots-{transport}'].result()
    causes = [gap['cause'] for gap in found['gaps']]
    print(causes, len(found['paths']))
    assert set(causes) == {'disconnected'} and len(found['paths']) >= 2
    for path in found['paths']:
        assert find_lost_and_doubled(read_stamps(path)) == ([], [])


def test_answers_drip(outcome):
    """No byte is late, and all are: the try as a whole has a limit."""
    found = outcome['drip'].result()
    assert '15 s' in found['reason'], found
    assert find_lost_and_doubled(read_stamps(found['paths'][-1])) == ([], [])


def test_burst_of_bits(outcome):
    found = outcome['swell'].result()
    print(found['before'], found['during'])
    assert found['during'] > found['before'] * FACTOR / 3
    stamps = stamps_of(found['paths'])
    assert len(found['paths']) == 1 and find_lost_and_doubled(stamps) == ([], [])


def test_long_gop(outcome):
    found = outcome['long-gop'].result()
    assert found['states'] == {'streaming'}
    stamps = stamps_of(found['paths'])
    assert len(found['paths']) == 1 and find_lost_and_doubled(stamps) == ([], [])


def test_media_trickles(outcome):
    """Late and later, then all at once: nothing is lost, and no gap is made up."""
    found = outcome['trickle'].result()
    assert found['states'] == {'streaming'}
    assert found['gaps'] == []
    assert find_lost_and_doubled(stamps_of(found['paths'])) == ([], [])


def test_edited_all_the_time(outcome):
    """A hundred edits a minute: what does not touch the stream does not touch the recording."""
    found = outcome['edited'].result()
    assert found['taken_s'] < EDITED_S + 1
    assert found['camera']['name'] == f'Name {found["n"] - 1}'
    assert found['camera']['status']['state'] == 'streaming'
    assert len(found['paths']) == 1
    stamps = stamps_of(found['paths'])
    assert len(stamps) > EDITED_S * FPS and find_lost_and_doubled(stamps) == ([], [])


@pytest.mark.parametrize('kind', SDP_KINDS)
def test_garbage_in_the_place_of_a_description(outcome, kind):
    """The camera says why it does not stream; and it streams again."""
    found = outcome[f'sdp-{kind}'].result()
    idle = [s for s in found['seen'] if s['state'] in ('backing-off', 'no-video', 'auth-failed')]
    print(kind, {(s['state'], s['reason']) for s in found['seen']})
    assert all(status['reason'] for status in idle)
    if kind in ('empty', 'noise', 'huge'):
        assert any('description' in s['reason'] or 'no video' in s['reason'] for s in idle), found['seen']
    assert find_lost_and_doubled(read_stamps(found['paths'][-1])) == ([], [])


def test_every_hole_has_its_row(potoo, outcome):
    for future in [f for f in outcome.values() if hasattr(f, 'result')]:
        future.result()
    for name in {segment['camera'] for segment in potoo.segments()} & set(CAMERAS):
        check_ledger(potoo, name)


@pytest.mark.parametrize('name', UNTOUCHED)
def test_others_are_untouched(potoo, outcome, name):
    paths = stop_recording(potoo, name)
    assert len(paths) == 1
    stamps = read_stamps(paths[0])
    assert len(stamps) > 20 * FPS and find_lost_and_doubled(stamps) == ([], [])
    assert [g['cause'] for g in potoo.gaps(name)] in ([], ['disconnected'])


def test_nothing_is_left_behind(potoo, outcome):
    """All are disabled: memory, threads and files are those of before, but for the directory of each
    camera's day."""
    rss, threads, files = outcome['before']

    def look():
        after = read_process(potoo.pid)
        print(f'bytes, threads, files before {outcome["before"]}, during {outcome["during"]}, after {after}')
        return after[0] < rss + MAX_GROWTH_BYTES and after[1] <= threads and after[2] <= files + len(CAMERAS)

    wait_until(look, 20, 'memory, threads and files to be those of before', interval=1)
