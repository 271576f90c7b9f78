# SPDX-License-Identifier: GPL-3.0-or-later
"""The gap ledger against the segments: every hole has its rows, no row lies over a segment."""

from potoo_daemon import parse_time

TOLERANCE_US = 100_000


def check_ledger(daemon, camera):
    segments = sorted(daemon.segments(camera), key=lambda s: s['start'])
    gaps = sorted(daemon.gaps(camera), key=lambda g: g['start'])
    spans = [(parse_time(g['start']), parse_time(g['end']), g) for g in gaps]
    for before, after in zip(segments, segments[1:]):
        at_us, end_us = parse_time(before['end']), parse_time(after['start'])
        assert at_us <= end_us, f'segments overlap: {before} {after}'
        inside = [s for s in spans if s[1] is not None and s[1] > at_us and s[0] < end_us]
        for start_us, stop_us, gap in inside:
            assert abs(start_us - at_us) <= TOLERANCE_US, (
                f'{(start_us - at_us) / 1e6} s without row before {gap}, between {before} and {after}'
            )
            at_us = stop_us
        # Less than a frame is rounding, no hole.
        assert abs(end_us - at_us) <= TOLERANCE_US, (
            f'{(end_us - at_us) / 1e6} s without row between {before} and {after}; gaps: {gaps}'
        )
    for start_us, stop_us, gap in spans:
        assert stop_us is None or start_us <= stop_us, gap
        for segment in segments:
            overlap_us = min(stop_us or 1 << 62, parse_time(segment['end'])) - max(
                start_us, parse_time(segment['start'])
            )
            assert overlap_us <= TOLERANCE_US, f'{gap} lies over {segment}'
