#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the stamps of potoo-camera-sim out of anything that holds its video.

Each access unit carries one SEI (src/sim/potoo-sim-stamp.h) with its number, wall time and place in
the loop as text, so a plain search finds it in any container. The picture itself carries its place
in the loop as a block code (src/sim/potoo-sim-picture.h).

    potoo_sei.py FILE…     prints what is lost, doubled or out of order; exit 1 when anything is
"""

import re
import sys
from typing import NamedTuple

STAMP = re.compile(rb'potoo-camera-sim([0-9a-f]{16}) ([0-9a-f]{16}) ([0-9a-f]{4})')
BLOCKS = 16


class Stamp(NamedTuple):
    number: int  # in presentation order, from 0 at the simulator's start
    wall_us: int  # when the camera sampled the picture
    loop_pos: int


class Run(NamedTuple):
    """What a sequence of stamps says of the media that they were found in."""

    count: int
    first: int  # smallest number; -1: none
    last: int
    lost: list  # numbers between first and last that are not there
    doubled: list  # numbers that are there more than once
    out_of_order: list  # numbers that come later than B-frames explain

    @property
    def is_whole(self):
        return self.count > 0 and not (self.lost or self.doubled or self.out_of_order)


def read_sei(data):
    """The stamps in @data (bytes-like), in the order of the bytes."""
    return [
        Stamp(int(match[1], 16), int(match[2], 16), int(match[3], 16))
        for match in STAMP.finditer(data)
    ]


def read_files(*paths):
    """The stamps of several files, one file after the other."""
    stamps = []
    for path in paths:
        with open(path, 'rb') as file:
            stamps += read_sei(file.read())
    return stamps


def find_lost(numbers):
    present = set(numbers)
    if not present:
        return []
    return [n for n in range(min(present), max(present) + 1) if n not in present]


def find_doubled(numbers):
    seen, doubled = set(), []
    for number in numbers:
        if number in seen:
            doubled.append(number)
        seen.add(number)
    return doubled


def find_out_of_order(numbers, reorder=0):
    """Numbers that come more than @reorder (consecutive B-frames) below a number before them.

    In decoding order a reference comes before the B-frames that are presented before it."""
    late, highest = [], -1
    for number in numbers:
        if number < highest - reorder:
            late.append(number)
        highest = max(highest, number)
    return late


def check_run(stamps, reorder=0):
    """@reorder: B-frames between two references. Stamps may start and end anywhere.

    With B-frames the first and the last pictures may have holes where decoding order was cut: up
    to @reorder numbers at either end are not counted as lost."""
    numbers = [stamp.number for stamp in stamps]
    if not numbers:
        return Run(0, -1, -1, [], [], [])
    first, last = min(numbers), max(numbers)
    lost = [n for n in find_lost(numbers) if first + reorder < n < last - reorder]
    return Run(
        len(stamps),
        first,
        last,
        lost,
        find_doubled(numbers),
        find_out_of_order(numbers, reorder),
    )


def read_block_code(frame, width, height):
    """The place in the loop of a decoded picture; None when it cannot be read.

    @frame: its luma (gray8), row by row without padding, at any size."""
    top, bottom = height // 64, max(height * 3 // 64, height // 64 + 1)
    word = 0
    for block in range(BLOCKS):
        left = width * (4 * block + 1) // 64
        right = max(width * (4 * block + 3) // 64, left + 1)
        total = sum(sum(frame[y * width + left : y * width + right]) for y in range(top, bottom))
        word = word << 1 | (total >= 128 * (right - left) * (bottom - top))
    position = word >> 4
    check = (position >> 8 ^ position >> 4 ^ position ^ 5) & 0xF
    return position if word & 0xF == check else None


def main(paths):
    if not paths:
        print(__doc__.strip(), file=sys.stderr)
        return 64
    whole = True
    for path in paths:
        stamps = read_files(path)
        run = check_run(stamps)
        print(
            f'{path}: {run.count} pictures, {run.first} to {run.last}, lost {len(run.lost)} '
            f'{run.lost[:10]}, doubled {len(run.doubled)} {run.doubled[:10]}, '
            f'out of order {len(run.out_of_order)} {run.out_of_order[:10]}'
        )
        whole = whole and run.is_whole
    return 0 if whole else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
