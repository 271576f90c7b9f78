# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings are played in the page, through borders of files and a gap, to the frame, and as
files by the browser itself."""

import random

import pytest
from potoo_daemon import parse_time
from potoo_mp4 import read_movie
from potoo_process import wait_until
from potoo_recording import list_shown_frames

SIZES = ['narrow', 'wide']
FPS = 25
LOOP = 60 * FPS  # so that no place of the loop is recorded twice
CAMERAS = {
    'yard': {'audio': 'aac', 'fps': FPS, 'loop': LOOP // FPS},
    'opus': {'audio': 'opus'},
    'b-frames': {'bframes': 2, 'gop': 50},
}
SEGMENT_S = 10  # the shortest
AFTER_GAP_S = 3
BEFORE_BORDER_S = 3
STEPS = 60
RATE = 8


class Stage:
    """All are recorded into three files, the yard, after it was away, into another."""

    def __init__(self, workshop):
        self.sim = workshop.sim(CAMERAS)
        self.daemon = workshop.daemon(config={'storage': {'segment-duration': f'{SEGMENT_S}s'}})
        self.browser = workshop.browser()
        for name, url in self.sim.urls.items():
            self.daemon.add_camera(id=name, name=name.title(), url=url)
        self.wait_recorded(3, 1)
        self.sim.fault('yard', 'refuse', 'on')
        self.sim.fault('yard', 'drop')
        self.daemon.wait_state('yard', 'backing-off', timeout=20)
        self.sim.fault('yard', 'refuse', 'off')
        self.wait_recorded(4, AFTER_GAP_S)
        self.segments = {name: self.daemon.disable_camera(name) for name in CAMERAS}
        segments = self.segments['yard']
        self.frames = list_shown_frames(self.daemon, segments)
        self.gap = self.daemon.gaps('yard')[-1]
        recordings = [segment['recording'] for segment in segments]
        assert recordings[0] == recordings[1] == recordings[2] != recordings[3], segments
        assert self.gap['cause'] == 'disconnected'

    def wait_recorded(self, files, duration):
        """Until the last of so many files is so long."""

        def look():
            segments = self.daemon.segments('yard')
            return len(segments) == files and segments[-1]['duration'] >= duration

        wait_until(look, SEGMENT_S * files + 20, f'{duration} s of file {files}')

    def run(self, scenario, **arguments):
        frames = [
            {'time': f.time_s, 'wall': f.wall_us / 1000, 'position': f.position, 'key': f.key}
            for f in self.frames
        ]
        gap = {name: parse_time(self.gap[name]) / 1000 for name in ('start', 'end')}
        return self.browser.run(
            f'recordings.{scenario}',
            url=self.daemon.url,
            id='yard',
            frames=frames,
            loop=LOOP,
            gap=gap,
            **arguments,
        )

    def second_at(self, number):
        """The whole second that frame @number is in, in milliseconds."""
        return self.frames[number].wall_us // 1_000_000 * 1000

    def borders(self):
        """Numbers of the frames that begin a file."""
        pairs = zip(self.frames, self.frames[1:])
        return [n for n, (a, b) in enumerate(pairs, 1) if a.segment != b.segment]


@pytest.fixture(scope='module')
def stage(module_workshop):
    return Stage(module_workshop)


@pytest.mark.parametrize('size', SIZES)
def test_plays_through_borders_and_gap(stage, size):
    """From shortly before the first border to the end."""
    start = stage.second_at(stage.borders()[0] - BEFORE_BORDER_S * FPS)
    found = stage.run('playThrough', size=size, speed=2, start=start)
    # From the keyframe before, some of them twice.
    frames = sum(frame.wall_us >= start * 1000 for frame in stage.frames)
    assert frames <= found['decoded'] <= frames + 2 * FPS
    assert found['shown'] > frames / 4  # the machine may be busy


@pytest.mark.parametrize('size', SIZES)
def test_seeks_to_the_second(stage, size):
    """Whole seconds on both sides of a border and of the gap."""
    _, border, gap = stage.borders()
    places = (border - 3 * FPS, gap + 2 * FPS, border + FPS // 2)
    stage.run('seek', size=size, targets=[stage.second_at(place) for place in places])


def test_has_the_frames_of_the_index(stage):
    near = {number + offset for number in stage.borders() for offset in range(-4, 4)}
    chance = random.Random(3).sample(range(len(stage.frames)), STEPS)
    steps = sorted(near.union(chance, (0, len(stage.frames) - 1)))
    stage.run('stepThrough', steps=[n for n in steps if n < len(stage.frames)])


@pytest.mark.parametrize('size', SIZES)
def test_steps_by_frames(stage, size):
    stage.run('frameByFrame', size=size, border=stage.borders()[0], timeout=120)


def test_moves_the_timeline(stage):
    stage.run('moveTimeline', size='wide')


@pytest.mark.parametrize('camera', CAMERAS)
def test_plays_files(stage, camera):
    """Each from its first to its last frame."""
    segments = {segment['media']: segment for segment in stage.segments[camera]}
    assert len(segments) >= 3
    results = stage.browser.run(
        'files.playAll', url=stage.daemon.url, files=list(segments), rate=RATE, timeout=90
    )
    assert [result['url'] for result in results] == list(segments)
    for result in results:
        movie = read_movie(stage.daemon.segment_path(segments[result['url']]))
        track = movie.track_of('vide').track_id
        frames = sum(len(f.runs[track].sizes) for f in movie.fragments)
        assert result['error'] is None, result
        assert result['ended'], result
        # Audio may end up to a fragment after the last picture.
        assert result['duration'] == pytest.approx(movie.duration_s(), abs=0.2)
        assert result['currentTime'] == pytest.approx(result['duration'], abs=0.05)
        assert result['width'] == 320
        assert abs(result['frames'] - frames) <= 1, (result, frames)
