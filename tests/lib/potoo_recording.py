# SPDX-License-Identifier: GPL-3.0-or-later
"""What others say of a recorded file, and what its frames say of themselves."""

import json
import re
import subprocess
from typing import NamedTuple

from potoo_daemon import parse_time
from potoo_mp4 import read_movie
from potoo_sei import find_doubled, find_lost, read_block_code, read_sei

def read_stamps(path, start=0, end=None):
    """The stamps in a file's bytes, in the order in which they stand."""
    return read_sei(path.read_bytes()[start:end])


def run(*command, timeout=120):
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
    )


def check_with_ffprobe(path):
    """What ffprobe has to complain about when it reads every packet; '' when nothing."""
    result = run('ffprobe', '-v', 'error', '-count_packets', '-show_entries', 'stream=index', path)
    if result.returncode != 0 and not result.stderr:
        return f'ended with {result.returncode}'
    return result.stderr


def decode_with_ffmpeg(path):
    """What the decoders have to complain about; '' when nothing."""
    passthrough = ('-fps_mode', 'passthrough', '-enc_time_base', '-1')
    found = run('ffmpeg', '-v', 'error', '-xerror', '-i', path, *passthrough, '-f', 'null', '-')
    # What ffmpeg's own output has to say of times is find_shown_in_disorder()'s affair.
    return ''.join(line for line in found.stderr.splitlines(True) if not line.startswith('[null @'))


def find_shown_in_disorder(path):
    """Numbers of frames that are not shown later than the frame before them."""
    movie = read_movie(path)
    track = movie.track_of('vide').track_id
    shown = []
    for fragment in movie.fragments:
        run = fragment.runs[track]
        at = run.decode_time
        for duration, offset in zip(run.durations, run.offsets):
            shown.append(at + offset)
            at += duration
    order = sorted(zip((stamp.number for stamp in read_stamps(path)), shown))
    return [after[0] for before, after in zip(order, order[1:]) if after[1] <= before[1]]


def probe(path):
    result = run('ffprobe', '-v', 'error', '-show_format', '-show_streams', '-of', 'json', path)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def discover(path):
    """Duration in seconds that gst-discoverer-1.0 tells; any problem is an error."""
    result = run('gst-discoverer-1.0', path)
    assert result.returncode == 0, result.stdout + result.stderr
    for bad in ('error', 'issing', 'An error', 'Timeout'):
        assert bad not in result.stdout, result.stdout
    found = re.search(r'Duration: (\d+):(\d\d):(\d\d\.\d+)', result.stdout)
    assert found, result.stdout
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def find_lost_and_doubled(stamps, bframes=0):
    """(missing, doubled) frame numbers between the smallest and the largest one.

    Where a stream was ended between a frame and its B-frames, which come after it and are shown
    before it, these were never sent.
    """
    numbers = [stamp.number for stamp in stamps]
    lost = [number for number in find_lost(numbers) if number < max(numbers) - bframes]
    return lost, find_doubled(numbers)


def check_is_one_run(daemon, camera, without=()):
    """What is left of @camera, but for the ids @without, has no hole; returns the number of frames."""
    segments = sorted(daemon.segments(camera), key=lambda row: row['id'])
    kept = [segment for segment in segments if segment['id'] not in without]
    stamps = [stamp for segment in kept for stamp in read_stamps(daemon.segment_path(segment))]
    assert find_lost_and_doubled(stamps) == ([], [])
    return len(stamps)


def frame_wall_errors_us(path):
    """How much later than the camera's own wall time each frame is dated by its fragment's prft."""
    movie = read_movie(path)
    track = movie.track_of('vide')
    errors = []
    for fragment in movie.fragments:
        run = fragment.runs[track.track_id]
        at = run.decode_time - fragment.prft_media_time
        stamps = read_stamps(path, fragment.start, fragment.end)
        for stamp, duration, offset in zip(stamps, run.durations, run.offsets):
            shown_us = (at + offset) * 1_000_000 / track.timescale
            errors.append(fragment.prft_wall_us + shown_us - stamp.wall_us)
            at += duration
    return errors


def list_picture_positions(path, width=320, height=240):
    """The place in the simulator's loop of each decoded picture of @path; None: not to be read."""
    decoded = subprocess.run(
        ['ffmpeg', '-v', 'error', '-i', path, '-map', '0:v', '-fps_mode', 'passthrough', '-pix_fmt', 'gray',
         '-f', 'rawvideo', '-'],
        capture_output=True, check=True, stdin=subprocess.DEVNULL, timeout=120,
    )
    size = width * height
    pictures = [decoded.stdout[i:i + size] for i in range(0, len(decoded.stdout), size)]
    return [read_block_code(picture, width, height) for picture in pictures]


class ShownFrame(NamedTuple):
    """A picture of recorded files, as the index and its own stamp have it."""

    time_s: float  # on one time line through all files, without the gaps between them
    wall_us: int  # by the segment's start
    position: int  # in the simulator's loop
    key: bool
    segment: str


def list_shown_frames(daemon, segments):
    """The pictures of H.264 without B-frames in the files of @segments, which are in order."""
    frames, begin_s = [], 0.0
    for segment in segments:
        path = daemon.segment_path(segment)
        movie = read_movie(path)
        track = movie.track_of('vide')
        stamps = iter(read_stamps(path))
        start_us, at = parse_time(segment['start']), 0
        for fragment in movie.fragments:
            run = fragment.runs[track.track_id]
            at = run.decode_time
            for duration, offset, key in zip(run.durations, run.offsets, run.keys):
                shown_s = (at + offset) / track.timescale
                wall_us = start_us + round(shown_s * 1_000_000)
                position = next(stamps).loop_pos
                frames.append(ShownFrame(begin_s + shown_s, wall_us, position, key, segment['id']))
                at += duration
        begin_s += at / track.timescale
        assert next(stamps, None) is None
    return frames
