# SPDX-License-Identifier: GPL-3.0-or-later
"""Live HLS with MPEG-TS, and snapshots: every frame, at once, never stale, bounded, gone when unwatched."""

import http.client
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from potoo_daemon import parse_time
from potoo_live import AAC, H264, H265, Viewer, read_stamps, read_streams
from potoo_process import SLOWNESS, wait_until
from potoo_recording import run
from potoo_sei import check_run, read_block_code

FPS = 25
CAMERAS = {
    'aac': {'audio': 'aac'},
    'b-frames': {'bframes': 2, 'gop': 50, 'audio': 'opus'},
    'h265': {'codec': 'h265'},
    'long-gop': {'gop': 75, 'width': 640, 'height': 360},
}
DESERTED = {'deserted': {}}
STREAMS = {'aac': {H264, AAC}, 'b-frames': {H264}, 'h265': {H265}, 'long-gop': {H264}}
HUB_FULL_S = 9.5  # two GOPs of the longest
WALL_TOLERANCE_US = 100_000
LINGER_S = 15


@pytest.fixture(scope='module')
def cameras(module_workshop):
    return module_workshop.sim({**CAMERAS, **DESERTED})


@pytest.fixture(scope='module')
def watched(module_workshop, cameras):
    """A daemon whose hubs are full."""
    daemon = module_workshop.daemon()
    for name, url in cameras.urls.items():
        daemon.add_camera(id=name, url=url)
    for name in cameras.urls:
        daemon.wait_state(name, 'streaming')
    time.sleep(HUB_FULL_S)
    return daemon


@pytest.fixture(scope='module')
def viewers(watched):
    """One for each camera; they have watched for long enough to have some segments each."""
    viewers = {}
    for name in (*DESERTED, *CAMERAS):
        viewers[name] = Viewer(watched, name)
        started = time.monotonic()
        assert viewers[name].poll() == 200
        taken = time.monotonic() - started
        print(f'{name}: first playlist after {taken * 1000:.0f} ms')
        assert taken < 1 * SLOWNESS
    viewers['deserted'].left = time.monotonic()
    deadline = time.monotonic() + 9
    while time.monotonic() < deadline:
        for name in CAMERAS:
            assert viewers[name].poll() == 200
        time.sleep(0.25)
    return viewers


def make_camera(sim, daemon, name='door', settle=3.0, **settings):
    """A camera that has streamed for a while."""
    made = sim({name: {'audio': 'aac', **settings}})
    daemon.add_camera(id=name, url=made.urls[name])
    daemon.wait_state(name, 'streaming')
    time.sleep(settle)
    return made


def check_viewer(viewer, reorder=0):
    """Nothing is lost or doubled inside a run, and sequence numbers have no holes."""
    sequences = [segment.sequence for segment in viewer.segments]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    for segments in viewer.runs():
        found = check_run(read_stamps(segments), reorder)
        assert found.is_whole, found


def get_problem(daemon, path, status):
    found, headers, problem = daemon.api('GET', path)
    assert found == status, (found, problem)
    if status == 503:
        assert int(headers['retry-after']) > 0
    return problem


# --- HLS ---


@pytest.mark.parametrize('camera', CAMERAS)
def test_every_frame_is_there_once(viewers, camera):
    viewer = viewers[camera]
    assert len(viewer.runs()) == 1
    assert len(viewer.segments) >= 3
    check_viewer(viewer, CAMERAS[camera].get('bframes', 0))
    for segment in viewer.segments:
        assert set(read_streams(segment.data)) == STREAMS[camera]
        stamps = read_stamps([segment])
        assert len(stamps) == pytest.approx(segment.seconds * FPS, abs=0.1)
        assert abs(stamps[0].wall_us - segment.start_us) < WALL_TOLERANCE_US


@pytest.mark.parametrize('camera', CAMERAS)
def test_segments_play_on_their_own(viewers, camera, tmp_path):
    for segment in viewers[camera].segments[:3]:
        path = tmp_path / 'segment.ts'
        path.write_bytes(segment.data)
        counted = ('-count_frames', '-select_streams', 'v', '-of', 'csv=p=0')
        found = run('ffprobe', '-v', 'error', *counted, '-show_entries', 'stream=nb_read_frames', path)
        assert found.stderr == ''
        assert int(found.stdout.split()[0].strip(',')) == len(read_stamps([segment]))


def test_ffmpeg_plays_it(watched, viewers):
    url = f'{watched.url}/live/b-frames/ts.m3u8'
    found = run('ffmpeg', '-v', 'warning', '-i', url, '-t', '4', '-map', '0:v', '-f', 'null', '-')
    assert found.returncode == 0
    assert found.stderr == ''


def test_the_window_slides(watched, viewers):
    viewer = viewers['aac']
    viewer.follow_until(lambda v: v.segments[-1].sequence >= 10, 20)
    _, _, body = watched.api('GET', viewer.path)
    assert body.count(b'#EXTINF') == 6
    assert b'#EXT-X-MEDIA-SEQUENCE:0\n' not in body
    get_problem(watched, viewer.folder + viewer.segments[0].name, 404)


def test_concurrent_first_requests_share_one_start(sim, daemon):
    make_camera(sim, daemon)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: daemon.api('GET', '/live/door/ts.m3u8'), range(20)))
    assert {status for status, _, _ in answers} == {200}
    assert len({body for _, _, body in answers}) <= 2  # a segment may come meanwhile
    metrics = daemon.metrics()
    assert metrics['potoo_live_starts_total'] == 1
    assert metrics['potoo_live_outputs'] == 1


def test_nobody_watches_any_more(watched, viewers):
    """The viewer of `deserted` went away when the others began."""
    viewer = viewers['deserted']
    subscribers = 'potoo_hub_subscribers{camera="deserted",stream="main"}'
    ended = wait_until(
        lambda: watched.metrics()[subscribers] == 0 and time.monotonic(), LINGER_S + 5, 'the end'
    )
    print(f'ended within {ended - viewer.left:.1f} s')
    assert watched.metrics()['potoo_live_failures_total'] == 0
    # What the player still knows is gone, and is not taken for something else.
    get_problem(watched, viewer.folder + viewer.segments[-1].name, 404)
    again = Viewer(watched, 'deserted')
    assert again.poll() == 200
    assert again.segments[0].name.split('-')[0] != viewer.segments[0].name.split('-')[0]
    get_problem(watched, viewer.folder + viewer.segments[-1].name, 404)


# --- what happens to cameras; all at once, because each takes its time ---


def reconnects(sim, daemon):
    camera = make_camera(sim, daemon, 'reconnects')
    viewer = Viewer(daemon, 'reconnects')
    viewer.follow(2)
    camera.fault('reconnects', 'drop')
    viewer.follow_until(lambda v: len(v.runs()) == 2 and len(v.runs()[1]) >= 2, 30)
    check_viewer(viewer)


def comes_back_late(sim, daemon):
    """Pictures from before are not shown as live."""
    camera = make_camera(sim, daemon, 'late')
    viewer = Viewer(daemon, 'late')
    viewer.follow(2)
    last = viewer.segments[-1].sequence
    camera.fault('late', 'refuse', 'on')
    camera.fault('late', 'drop')
    daemon.wait_state('late', 'backing-off')
    for path in ('/live/late/ts.m3u8', '/api/v1/cameras/late/snapshot.jpg'):
        problem = get_problem(daemon, path, 503)
        assert problem['type'] == 'urn:potoo:error:unavailable'
        assert problem['detail'] == daemon.camera('late')['status']['reason']
    time.sleep(6)
    camera.fault('late', 'refuse', 'off')
    daemon.wait_state('late', 'streaming', timeout=30)
    back_us = time.time() * 1e6
    later = Viewer(daemon, 'late')
    wait_until(lambda: later.poll() == 200, 15, 'a playlist')
    assert all(segment.start_us > back_us - 3e6 for segment in later.segments)
    # The output lives on, or was started anew meanwhile.
    assert later.segments[0].sequence > last or later.segments[0].sequence == 0


def changes_size(sim, daemon):
    camera = make_camera(sim, daemon, 'size')
    viewer = Viewer(daemon, 'size')
    viewer.follow(2)
    camera.fault('size', 'caps-change', '1')
    viewer.follow_until(lambda v: len(v.runs()) == 2 and len(v.runs()[1]) >= 2, 20)
    check_viewer(viewer)
    assert check_run(read_stamps(viewer.segments)).is_whole  # no frame is lost between the runs


def audio_falls_silent(sim, daemon):
    camera = make_camera(sim, daemon, 'silent')
    viewer = Viewer(daemon, 'silent')
    viewer.follow(2)
    camera.fault('silent', 'silent-audio', 'on')
    before = len(viewer.segments)
    viewer.follow(7)
    assert len(viewer.segments) >= before + 4
    camera.fault('silent', 'silent-audio', 'off')
    viewer.follow_until(lambda v: len(v.runs()) == 2 and len(v.runs()[1]) >= 2, 20)
    assert AAC in read_streams(viewer.segments[-1].data)
    check_viewer(viewer)
    assert check_run(read_stamps(viewer.segments)).is_whole


def sends_no_whole_gop(sim, daemon):
    make_camera(sim, daemon, 'endless', settle=0.5, gop=600, loop=24)
    started = time.monotonic()
    get_problem(daemon, '/live/endless/ts.m3u8', 503)
    assert 4.5 < time.monotonic() - started < 6 + SLOWNESS


SCENARIOS = (reconnects, comes_back_late, changes_size, audio_falls_silent, sends_no_whole_gop)


@pytest.fixture(scope='module')
def scenarios(module_workshop):
    daemon = module_workshop.daemon()
    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        yield {one: pool.submit(one, module_workshop.sim, daemon) for one in SCENARIOS}


@pytest.mark.parametrize('scenario', SCENARIOS, ids=lambda one: one.__name__)
def test_camera(scenarios, scenario):
    scenarios[scenario].result()


# --- what is refused ---


def test_unknown_and_bad(watched):
    get_problem(watched, '/live/nobody/ts.m3u8', 404)
    get_problem(watched, '/live/AAC/ts.m3u8', 404)
    get_problem(watched, '/live/nobody/ts/0123-0.ts', 404)
    get_problem(watched, '/live/aac/ts/0123456789abcdef-0.ts', 404)
    get_problem(watched, '/api/v1/cameras/nobody/snapshot.jpg', 404)
    assert get_problem(watched, '/live/aac/ts.m3u8?stream=sub', 404)['parameter'] == 'stream'
    for path in (
        '/live/aac/ts.m3u8?stream=other',
        '/live/aac/ts/..%2f..%2fetc%2fpasswd',
        '/api/v1/cameras/aac/snapshot.jpg?height=89',
        '/api/v1/cameras/aac/snapshot.jpg?height=2161',
        '/api/v1/cameras/aac/snapshot.jpg?height=big',
    ):
        get_problem(watched, path, 400)
    assert watched.api('POST', '/live/aac/ts.m3u8')[0] == 405


def test_camera_is_off(daemon):
    daemon.add_camera(id='off', url='rtsp://127.0.0.1:9/x', enabled=False)
    daemon.add_camera(id='dead', url='rtsp://127.0.0.1:9/x')
    for path in ('/live/{}/ts.m3u8', '/api/v1/cameras/{}/snapshot.jpg'):
        assert 'disabled' in get_problem(daemon, path.format('off'), 503)['detail']
        daemon.wait_state('dead', 'backing-off')
        reason = daemon.camera('dead')['status']['reason']
        assert get_problem(daemon, path.format('dead'), 503)['detail'] == reason


# --- snapshots ---


def get_snapshot(daemon, camera, query='', **headers):
    status, answer, body = daemon.api(
        'GET', f'/api/v1/cameras/{camera}/snapshot.jpg{query}', headers=headers
    )
    return status, answer, body


def decode(jpeg, pixels='gray'):
    """(bytes, width, height)"""
    probe = ('ffprobe', '-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', '-')
    size = subprocess.run(probe, input=jpeg, capture_output=True, check=True).stdout
    width, height = map(int, size.split(b','))
    command = ('ffmpeg', '-v', 'error', '-i', '-', '-f', 'rawvideo', '-pix_fmt', pixels, '-')
    found = subprocess.run(command, input=jpeg, capture_output=True, check=True)
    assert found.stderr == b''
    return found.stdout, width, height


@pytest.mark.parametrize('camera', CAMERAS)
def test_snapshot_is_the_newest_keyframe(watched, camera):
    """The picture is the first of a segment that live video shows of that time."""
    asked_us = time.time() * 1e6
    started = time.monotonic()
    status, headers, jpeg = get_snapshot(watched, camera)
    print(f'{camera}: {(time.monotonic() - started) * 1000:.0f} ms')
    assert status == 200
    assert headers['content-type'] == 'image/jpeg'
    taken_us = parse_time(headers['potoo-time'])
    gop_us = CAMERAS[camera].get('gop', FPS) / FPS * 1e6
    assert asked_us - gop_us - 1e6 * SLOWNESS < taken_us < asked_us + 1e6
    viewer = Viewer(watched, camera)
    viewer.follow_until(
        lambda v: any(abs(s.start_us - taken_us) < 20_000 for s in v.segments), 20 * SLOWNESS
    )
    segment = next(s for s in viewer.segments if abs(s.start_us - taken_us) < 20_000)
    assert read_block_code(*decode(jpeg)) == read_stamps([segment])[0].loop_pos


@pytest.mark.parametrize('height', (90, 180, 240, 1080))
def test_snapshot_height(watched, height):
    status, _, jpeg = get_snapshot(watched, 'aac', f'?height={height}')
    assert status == 200
    picture, width, found = decode(jpeg)
    assert found == min(height, 240)
    assert width == found * 320 // 240
    assert read_block_code(picture, width, found) is not None


def test_snapshot_is_not_sent_twice(watched):
    _, headers, _ = get_snapshot(watched, 'long-gop')
    status, again, body = get_snapshot(watched, 'long-gop', **{'If-None-Match': headers['etag']})
    if again['etag'] == headers['etag']:  # a new keyframe may have come
        assert (status, body) == (304, b'')
    assert headers['last-modified'].endswith(' GMT')
    assert get_snapshot(watched, 'long-gop', **{'If-None-Match': '"0-0"'})[0] == 200
    assert get_snapshot(watched, 'long-gop', '?height=90')[1]['etag'] != again['etag']


def test_many_ask_for_the_same_snapshot(watched):
    before = watched.metrics()
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda _: get_snapshot(watched, 'long-gop', '?height=200'), range(60)))
    assert {status for status, _, _ in answers} == {200}
    assert len({body for _, _, body in answers}) <= 2
    metrics = watched.metrics()
    assert metrics['potoo_snapshots_decoded_total'] - before['potoo_snapshots_decoded_total'] <= 2
    assert metrics['potoo_snapshots_decoding'] == 0


def test_too_many_pictures_at_once(sim, daemon):
    """Each a decoding of its own: those over the bound are refused, the others served."""
    make_camera(sim, daemon, settle=2, width=1280, height=720, bitrate=2000)
    heights = range(100, 180)
    with ThreadPoolExecutor(len(heights)) as pool:
        statuses = list(
            pool.map(lambda h: get_snapshot(daemon, 'door', f'?height={h}')[0], heights)
        )
    metrics = daemon.metrics()
    assert set(statuses) <= {200, 503}
    assert statuses.count(503) == metrics['potoo_snapshots_refused_total']
    assert metrics['potoo_snapshots_decoding'] == 0
    assert 0 < metrics['potoo_snapshots_cache_bytes'] <= 16 * 1024 * 1024
    assert get_snapshot(daemon, 'door')[0] == 200


# --- the rest of it ---


def test_recording_does_not_notice(watched, viewers):
    """After all of the above, each recording is whole."""
    for name in CAMERAS:
        recorded = watched.get(f'/api/v1/segments?camera={name}')['items']
        assert len({segment['recording'] for segment in recorded}) == 1


def request_slowly(daemon, path, answers):
    link = http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=10)
    try:
        link.request('GET', path)
        answers.append(link.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        answers.append(type(error).__name__)
    finally:
        link.close()


def test_shutdown_with_viewers(sim, daemon):
    """One is served, others wait for a first segment and for pictures."""
    make_camera(sim, daemon, settle=2)
    Viewer(daemon, 'door').follow(1)
    make_camera(sim, daemon, 'slow', settle=0, gop=600, loop=24)
    paths = ['/live/slow/ts.m3u8'] * 5
    paths += [f'/api/v1/cameras/door/snapshot.jpg?height={h}' for h in range(100, 120)]
    answers = []
    threads = [
        threading.Thread(target=request_slowly, args=(daemon, path, answers)) for path in paths
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    started = time.monotonic()
    assert daemon.stop(signal.SIGTERM) == 0
    taken = time.monotonic() - started
    print(f'stopped within {taken:.2f} s: {answers}')
    assert taken < 1 * SLOWNESS
    for thread in threads:
        thread.join()
    assert set(answers) <= {200, 503, 'RemoteDisconnected', 'ConnectionResetError', 'ConnectionRefusedError'}
