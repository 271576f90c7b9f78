# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound of recorded files, decoded; the marks that potoo-camera-sim puts into its tone."""

import array
import subprocess
import sys

from potoo_mp4 import read_movie
from potoo_recording import read_stamps

RATE = 8000
MARK_S = 0.2  # of silence at the begin of each turn through the tone
WINDOW = RATE // 100


def decode_sound(path):
    """Samples at RATE, without regard to the times of access units."""
    decoded = subprocess.run(
        ['ffmpeg', '-v', 'error', '-i', path, '-map', '0:a', '-ac', '1', '-ar', str(RATE),
         '-f', 's16le', '-'],
        capture_output=True, check=True, stdin=subprocess.DEVNULL, timeout=60,
    )
    samples = array.array('h', decoded.stdout)
    if sys.byteorder == 'big':
        samples.byteswap()
    return samples


def list_sound_times(path):
    """When each access unit of sound begins on the file's time line, in s; each decodes to as many
    samples, whatever time it is given."""
    movie = read_movie(path)
    track = movie.track_of('soun')
    times = []
    for fragment in movie.fragments:
        run = fragment.runs.get(track.track_id)
        at = run.decode_time if run else 0
        for duration in run.durations if run else []:
            times.append(at / track.timescale)
            at += duration
    return times


def find_marks(samples):
    """Where silence of MARK_S begins and ends, as (begin, end) in samples.

    Its borders are where the loudness is half of the tone's, which lossy codecs blur evenly."""
    loud = [0]
    for sample in samples:
        loud.append(loud[-1] + abs(sample))
    level = [loud[i + WINDOW] - loud[i] for i in range(len(samples) - WINDOW)]
    half = sorted(level)[len(level) * 3 // 4] / 2
    marks, begin = [], None
    for i in range(1, len(level)):
        if level[i - 1] >= half > level[i]:
            begin = i
        elif level[i - 1] < half <= level[i] and begin is not None:
            if abs((i - begin) / RATE - MARK_S) < MARK_S / 4:
                marks.append((begin + WINDOW // 2, i + WINDOW // 2))
            begin = None
    return marks


def picture_wall_us(path):
    """Wall time at which the time line of the file is 0, as its pictures tell: the median."""
    movie = read_movie(path)
    track = movie.track_of('vide')
    walls = []
    for fragment in movie.fragments:
        run = fragment.runs[track.track_id]
        at = run.decode_time
        stamps = read_stamps(path, fragment.start, fragment.end)
        for stamp, duration, offset in zip(stamps, run.durations, run.offsets):
            walls.append(stamp.wall_us - (at + offset) * 1_000_000 / track.timescale)
            at += duration
    return sorted(walls)[len(walls) // 2]


def sound_errors_ms(path, mark_us, period_us):
    """By how much each mark in the sound is heard later than when its pictures say it was made.

    @mark_us: wall time of one mark, @period_us: from one to the next."""
    samples, times = decode_sound(path), list_sound_times(path)
    zero_us = picture_wall_us(path)
    unit = len(samples) / len(times)
    errors = []
    for begin, end in find_marks(samples):
        at = (begin + end - MARK_S * RATE) / 2
        heard_s = times[int(at // unit)] + at % unit / RATE
        late_us = (zero_us + heard_s * 1_000_000 - mark_us + period_us / 2) % period_us - period_us / 2
        errors.append(late_us / 1000)
    return errors
