// SPDX-License-Identifier: GPL-3.0-or-later

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Timeline } from '../src/api/types';
import {
  clamp,
  extentOf,
  findEvent,
  findGap,
  findSpan,
  followView,
  fromRatio,
  gapBetween,
  growTrack,
  moveView,
  nextRecorded,
  readTimeline,
  scaleView,
  stepOfKey,
  toRatio,
  zoomView,
} from '../src/state/timeline';

const at = (text: string) => Date.parse(`2026-11-21T${text}Z`);
const time = (text: string) => `2026-11-21T${text}.000000Z`;

const timeline: Timeline = {
  camera: 'a',
  start: time('10:00:00'),
  end: time('11:00:00'),
  spans: [
    { start: time('10:00:00'), end: time('10:10:00'), recording: '1', open: false },
    { start: time('10:20:00'), end: time('10:30:00'), recording: '2', open: true },
  ],
  gaps: [
    { id: 'a', start: time('10:10:00'), end: time('10:12:00'), cause: 'auth' },
    { id: 'b', start: time('10:12:00'), end: time('10:20:00'), cause: 'crash' },
  ],
  events: [
    { id: 'e', kind: 'motion', start: time('10:01:00'), end: time('10:02:00'), score: null, title: 'Cat' },
    { id: 'f', kind: 'bookmark', start: time('10:05:00'), end: time('10:05:00'), score: null, title: null },
    { id: 'g', kind: 'manual', start: time('10:25:00'), end: null, score: null, title: null },
  ],
  events_truncated: false,
  coverage: 0.66,
};
const track = readTimeline(timeline);

test('moments are in spans and gaps that have an end which is not theirs', () => {
  assert.equal(findSpan(track, at('10:00:00'))?.startMs, at('10:00:00'));
  assert.equal(findSpan(track, at('10:10:00')), null);
  assert.equal(findGap(track, at('10:10:00'))?.cause, 'auth');
  assert.equal(findGap(track, at('10:20:00')), null);
});

test('the next recorded moment is this one, or the next beginning', () => {
  assert.equal(nextRecorded(track, at('10:05:00')), at('10:05:00'));
  assert.equal(nextRecorded(track, at('09:00:00')), at('10:00:00'));
  assert.equal(nextRecorded(track, at('10:10:00')), at('10:20:00'));
  assert.equal(nextRecorded(track, at('10:30:00')), null);
});

test('of several gaps in between the longest is told', () => {
  assert.equal(gapBetween(track, at('10:10:00'), at('10:20:00'))?.cause, 'crash');
  assert.equal(gapBetween(track, at('10:09:00'), at('10:12:00'))?.cause, 'auth');
  assert.equal(gapBetween(track, at('10:00:00'), at('10:10:00')), null);
});

test('what is open grows with the clock, within the window', () => {
  const window = { startMs: at('10:00:00'), endMs: at('11:00:00') };
  const endOf = (now: string) => growTrack(track, at(now), window).spans.map(span => span.endMs);
  assert.deepEqual(endOf('10:45:00'), [at('10:10:00'), at('10:45:00')]);
  assert.deepEqual(endOf('12:00:00'), [at('10:10:00'), at('11:00:00')]);
  assert.deepEqual(endOf('09:00:00'), [at('10:10:00'), at('10:20:00')]); // a clock that went back
});

test('a gap without an end lasts', () => {
  const open = readTimeline({ ...timeline, gaps: [{ id: 'c', start: time('10:50:00'), end: null, cause: 'stalled' }] });
  assert.deepEqual(open.gaps.map(gap => [gap.isOpen, gap.endMs]), [[true, at('11:00:00')]]);
});

test('places and moments are each other’s', () => {
  const view = { startMs: 1000, endMs: 5000 };
  assert.equal(toRatio(2000, view), 0.25);
  assert.equal(toRatio(0, view), 0);
  assert.equal(toRatio(9000, view), 1);
  assert.equal(fromRatio(0.25, view), 2000);
  assert.equal(fromRatio(-1, view), 1000);
  assert.equal(fromRatio(7, view), 5000);
  assert.equal(clamp(9000, view), 5000);
});

test('a zoomed view stays in its day and follows the player', () => {
  const day = { startMs: 0, endMs: 24 * 3600_000 };
  const hour = 3600_000;
  assert.deepEqual(zoomView(day, 12 * hour, hour), { startMs: 11.5 * hour, endMs: 12.5 * hour });
  assert.deepEqual(zoomView(day, 0, hour), { startMs: 0, endMs: hour });
  assert.deepEqual(zoomView(day, 24 * hour, hour), { startMs: 23 * hour, endMs: 24 * hour });
  assert.deepEqual(zoomView(day, 5, 48 * hour), day);
  const view = zoomView(day, 12 * hour, hour);
  assert.equal(followView(view, day, 12.4 * hour), view);
  const next = followView(view, day, 12.5 * hour);
  assert.ok(next.startMs <= 12.5 * hour && 12.5 * hour < next.endMs && next.endMs - next.startMs === hour);
  assert.deepEqual(followView(view, day, 24 * hour - 1).endMs, 24 * hour);
});

test('the extent is from the first to the last recorded moment', () => {
  assert.deepEqual(extentOf(track), { startMs: at('10:00:00'), endMs: at('10:30:00') });
  assert.equal(extentOf({ spans: [], gaps: track.gaps, events: [], hasMoreEvents: false, coverage: 0 }), null);
});

test('keys move by seconds, and to the ends', () => {
  assert.equal(stepOfKey('ArrowRight', false), 10);
  assert.equal(stepOfKey('ArrowLeft', true), -1);
  assert.equal(stepOfKey('PageUp', false), 600);
  assert.equal(stepOfKey('Home', false), 'first');
  assert.equal(stepOfKey('End', false), 'last');
  assert.equal(stepOfKey('Enter', false), null);
});

test('an event is found in its time, a bookmark near it, and one that goes on grows', () => {
  assert.equal(findEvent(track, at('10:01:30'), 0)?.title, 'Cat');
  assert.equal(findEvent(track, at('10:02:00'), 0), null);
  assert.equal(findEvent(track, at('10:05:05'), 0), null);
  assert.equal(findEvent(track, at('10:05:05'), 10_000)?.id, 'f');
  const grown = growTrack(track, at('10:27:00'), { startMs: at('10:00:00'), endMs: at('11:00:00') });
  assert.equal(grown.events[2]?.endMs, at('10:27:00'));
});

test('closer, a moment stays where it is; a view moves as far as the day goes', () => {
  const day = { startMs: at('00:00:00'), endMs: at('00:00:00') + 86_400_000 };
  const closer = scaleView(day, day, at('06:00:00'), 6 * 3_600_000);
  assert.deepEqual(closer, { startMs: at('04:30:00'), endMs: at('10:30:00') });
  assert.deepEqual(scaleView(closer, day, at('06:00:00'), 86_400_000), day);
  assert.deepEqual(scaleView(day, day, day.endMs, 3_600_000).endMs, day.endMs);
  assert.deepEqual(moveView(closer, day, 3_600_000), { startMs: at('05:30:00'), endMs: at('11:30:00') });
  assert.equal(moveView(closer, day, -86_400_000).startMs, day.startMs);
  assert.equal(moveView(closer, day, 86_400_000).endMs, day.endMs);
});
