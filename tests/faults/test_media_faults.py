# SPDX-License-Identifier: GPL-3.0-or-later
"""Media that is not as it should be: state and reason tell it, a gap row has its cause and times.

All cameras are on one daemon; each test spoils its own, and the last tests look
at those that nobody touched.
"""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from potoo_daemon import parse_time
from potoo_faults import (
    SECOND,
    GOP,
    SMALL,
    UNTOUCHED,
    add,
    now_us,
    start_untouched,
    stop_recording,
    wait_for_gap,
    wait_for_recording,
)
from potoo_ledger import check_ledger
from potoo_mp4 import read_movie
from potoo_process import wait_until
from potoo_recording import find_lost_and_doubled, probe, read_stamps, run
from potoo_rtsp import AUDIO_ONLY, MOTION_JPEG, NO_TRACKS, TinyCamera
from potoo_rtsp_proxy import RtspProxy

CAMERAS = {
    **UNTOUCHED,
    'silent': {**SMALL, 'audio': 'aac'},
    'audio-goes': {**SMALL, 'audio': 'aac'},
    'no-keyframes': SMALL,
    'resolution': SMALL,
    'udp-only': {**SMALL, 'tcp': 0},
    'odd-sound': {**SMALL, 'audio': 'pcmu'},
}
# What the camera says of its sound (G.711, payload type 0) instead of the truth.
ODD_SOUND = {
    'no-rtpmap': None,
    'fast': '0 PCMU/4000000',
    'no-rate': '0 PCMU/0',
    'many-channels': '0 L16/44100/200',
    'samples': '0 L16/44100/2',
    'latm': '0 MP4A-LATM/90000',
    'aac': '0 MPEG4-GENERIC/8000\r\na=fmtp:0 mode=AAC-hbr;config=1588;sizelength=13;indexlength=3;indexdeltalength=3',
    'mpeg': '0 MPA/90000',
    'g726': '0 G726-40/8000',
    'opus': '0 opus/48000/2',
    'unknown': '0 x-%s-\x07/8000',
    'long-name': '0 x' + 'é' * 20 + '/8000',
}


@pytest.fixture(scope='module')
def cameras(module_workshop):
    return module_workshop.sim(CAMERAS)


@pytest.fixture(scope='module')
def potoo(module_workshop, cameras):
    return start_untouched(module_workshop, cameras)


def leave_keyframes_out(potoo, cameras):
    add(potoo, cameras, 'no-keyframes')
    cameras.fault('no-keyframes', 'no-keyframes', 'on')
    camera = potoo.wait_state('no-keyframes', 'no-keyframes', timeout=60)
    assert camera['status']['reason']
    cameras.fault('no-keyframes', 'no-keyframes', 'off')
    potoo.wait_state('no-keyframes', 'streaming', timeout=40)
    wait_for_recording(potoo, 'no-keyframes', now_us())
    return stop_recording(potoo, 'no-keyframes')


@pytest.fixture(scope='module', autouse=True)
def no_keyframes(potoo, cameras):
    """Takes most of a minute: goes on beside the other tests."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(leave_keyframes_out, potoo, cameras)


def test_silent_audio_holds_nothing_up(potoo, cameras):
    add(potoo, cameras, 'silent')
    cameras.fault('silent', 'silent-audio', 'on')
    silent_us = now_us()
    for _ in range(8):
        time.sleep(1)
        assert potoo.state('silent') == 'streaming'
    newest = max(parse_time(s['end']) for s in potoo.segments('silent'))
    assert now_us() - newest < 6 * SECOND, 'video waits for audio'
    cameras.fault('silent', 'silent-audio', 'off')
    time.sleep(4)
    paths = stop_recording(potoo, 'silent')
    stamps = [stamp for path in paths for stamp in read_stamps(path)]
    assert find_lost_and_doubled(stamps) == ([], [])
    assert not [g for g in potoo.gaps('silent') if parse_time(g['start']) >= silent_us - 2 * SECOND
                and parse_time(g['start']) < silent_us + 8 * SECOND]
    # The audio that came back is recorded, at its own time.
    movie = read_movie(paths[-1])
    assert movie.duration_s('soun') == pytest.approx(movie.duration_s('vide'), abs=1.0)


def test_audio_track_goes(potoo, cameras):
    add(potoo, cameras, 'audio-goes')
    cameras.fault('audio-goes', 'no-audio', 'on')
    dropped_us = now_us()
    cameras.fault('audio-goes', 'drop')
    wait_for_gap(potoo, 'audio-goes', 'disconnected', dropped_us - 2 * SECOND, ended=True)
    time.sleep(3)
    paths = stop_recording(potoo, 'audio-goes')
    kinds = [sorted(s['codec_type'] for s in probe(path)['streams']) for path in paths]
    assert kinds == [['audio', 'video'], ['video']]


@pytest.mark.parametrize(
    'name, sdp, word',
    [
        ('audio-only', AUDIO_ONLY, 'video'),
        ('motion-jpeg', MOTION_JPEG, 'jpeg'),
        ('no-tracks', NO_TRACKS, 'video'),
    ],
)
def test_no_video_that_can_be_recorded(potoo, name, sdp, word):
    with TinyCamera(sdp) as camera:
        added_us = now_us()
        potoo.add_camera(id=name, url=camera.url)
        status = potoo.wait_state(name, 'no-video', timeout=30)['status']
        assert word in status['reason'].lower()
        wait_for_gap(potoo, name, 'no-video', added_us - SECOND, ended=False)
        assert potoo.segments(name) == []
        assert potoo.api('DELETE', f'/api/v1/cameras/{name}')[0] == 204


def test_resolution_change_cuts_cleanly(potoo, cameras):
    add(potoo, cameras, 'resolution')
    cameras.fault('resolution', 'resolution', '640x480')
    wait_until(lambda: len(potoo.segments('resolution')) == 2, 20, 'a second segment')
    time.sleep(3)
    paths = stop_recording(potoo, 'resolution')
    assert [probe(p)['streams'][0]['width'] for p in paths] == [320, 640]
    stamps = [stamp for path in paths for stamp in read_stamps(path)]
    assert find_lost_and_doubled(stamps) == ([], [])


def lie_about_sound(sdp, words):
    """@words in the place of the rtpmap of payload type 0; None: no rtpmap."""
    line = f'a=rtpmap:{words}\r\n' if words else ''
    changed, n = re.subn(r'a=rtpmap:0 .*\r\n', lambda _: line, sdp)
    assert n == 1, sdp
    return changed


def test_sound_that_is_not_what_the_camera_says(potoo, cameras):
    """It never costs a picture; what cannot be had is told."""
    proxies = {
        f'lies-{name}': RtspProxy(
            cameras.urls['odd-sound'], edit_sdp=lambda sdp, words=words: lie_about_sound(sdp, words)
        )
        for name, words in ODD_SOUND.items()
    }
    for name, proxy in proxies.items():
        potoo.add_camera(id=name, url=proxy.url)
    for name in proxies:
        potoo.wait_state(name, 'streaming')
    time.sleep(4)
    status = {name: potoo.camera(name)['status'] for name in proxies}
    gaps = {name: potoo.gaps(name) for name in proxies}
    with ThreadPoolExecutor(len(proxies)) as pool:
        paths = dict(zip(proxies, pool.map(lambda name: stop_recording(potoo, name), proxies)))
    for name, proxy in proxies.items():
        print(name, status[name]['audio_codec'], status[name]['reason'])
        assert status[name]['state'] == 'streaming', name
        stamps = [stamp for path in paths[name] for stamp in read_stamps(path)]
        assert len(stamps) > 3 * 25 and find_lost_and_doubled(stamps) == ([], []), name
        assert [gap['cause'] for gap in gaps[name]] in ([], ['disconnected']), name
        proxy.listener.close()
    assert status['lies-no-rtpmap']['audio_codec'] == 'mp4a.40.2'
    for name in ('fast', 'no-rate', 'many-channels', 'opus', 'unknown', 'long-name'):
        assert status[f'lies-{name}']['audio_codec'] is None
        assert 'sound is left out' in status[f'lies-{name}']['reason']


def hide_plugin(directory, name):
    """A place with all of GStreamer's plugins but one, for a daemon's environment."""
    told = run('gst-inspect-1.0', 'coreelements').stdout
    plugins = Path(re.search(r'Filename\s+(\S+)', told)[1]).parent
    directory.mkdir()
    for plugin in plugins.glob('*.so'):
        if name not in plugin.name:
            (directory / plugin.name).symlink_to(plugin)
    return {'GST_PLUGIN_SYSTEM_PATH_1_0': str(directory), 'GST_REGISTRY': str(directory / 'registry')}


def test_encoder_is_not_installed(workshop, cameras):
    """Video goes on, and it is told what to install."""
    daemon = workshop.daemon(env=hide_plugin(workshop.directory / 'plugins', 'voaacenc'))
    daemon.add_camera(id='odd-sound', url=cameras.urls['odd-sound'])
    daemon.wait_state('odd-sound', 'streaming')
    status = wait_until(
        lambda: [s for s in [daemon.camera('odd-sound')['status']] if s['reason']], 10, 'a reason'
    )[0]
    assert status['state'] == 'streaming' and status['audio_codec'] is None
    assert 'sound' in status['reason'] and 'gstreamer1.0-plugins-bad' in status['reason']
    wait_for_recording(daemon, 'odd-sound', now_us())
    stamps = [s for path in stop_recording(daemon, 'odd-sound') for s in read_stamps(path)]
    assert stamps and find_lost_and_doubled(stamps) == ([], [])


def test_udp_only(potoo, cameras):
    """Transport `auto` goes over to UDP by itself; `tcp` says what to do."""
    add(potoo, cameras, 'udp-only')
    assert potoo.api('PATCH', '/api/v1/cameras/udp-only', {'transport': 'tcp'})[0] == 200
    camera = potoo.wait_state('udp-only', 'no-video')
    assert 'auto' in camera['status']['reason']
    assert potoo.api('PATCH', '/api/v1/cameras/udp-only', {'transport': 'udp'})[0] == 200
    potoo.wait_state('udp-only', 'streaming')
    time.sleep(3)
    stamps = [stamp for path in stop_recording(potoo, 'udp-only') for stamp in read_stamps(path)]
    assert len(stamps) > 100


def test_keyframes_do_not_come(no_keyframes):
    paths = no_keyframes.result()
    assert len(paths) == 2
    # The camera leaves its keyframes out: only those may lack.
    first = read_stamps(paths[0])[0].number
    for path in paths:
        missing, doubled = find_lost_and_doubled(read_stamps(path))
        assert doubled == []
        assert all((number - first) % GOP == 0 for number in missing), missing


def test_every_hole_has_its_row(potoo):
    for name in {segment['camera'] for segment in potoo.segments()}:
        check_ledger(potoo, name)


@pytest.mark.parametrize('name', UNTOUCHED)
def test_others_are_untouched(potoo, name):
    assert potoo.state(name) == 'streaming'
    wait_until(lambda: sum(s['duration'] for s in potoo.segments(name)) > 60, 60, 'a minute')
    paths = stop_recording(potoo, name)
    assert len(paths) == 1
    stamps = read_stamps(paths[0])
    assert len(stamps) > 60 * 25
    assert find_lost_and_doubled(stamps) == ([], [])
    assert [g['cause'] for g in potoo.gaps(name)] in ([], ['disconnected'])
