// SPDX-License-Identifier: GPL-3.0-or-later

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers, endOf, isJump, toPlayerTime, toWall } from '../src/components/player/wall-time';

// Two entries, a gap of a minute, two more; the player's time has none.
const base = Date.parse('2026-11-21T10:00:00.040Z');
const entries = [
  { start: 0, duration: 2, programDateTime: base },
  { start: 2, duration: 2, programDateTime: base + 2000 },
  { start: 4, duration: 2, programDateTime: base + 64_000 },
  { start: 6, duration: 1.5, programDateTime: base + 66_000 },
];

test('wall time is that of the entry, to the millisecond', () => {
  assert.equal(toWall(entries, 0), base);
  assert.equal(toWall(entries, 1.96), base + 1960);
  assert.equal(toWall(entries, 3), base + 3000);
  assert.equal(toWall(entries, 4), base + 64_000);
  assert.equal(toWall(entries, 7.2), base + 67_200);
});

test('a frame that is a hair before its entry belongs to it all the same', () => {
  assert.equal(toWall(entries, 3.9995), base + 64_000);
  assert.equal(toWall(entries, -0.001), base);
});

test('the player’s time of a moment, and of the next one in a gap', () => {
  assert.equal(toPlayerTime(entries, base + 2500), 2.5);
  assert.equal(toPlayerTime(entries, base + 30_000), 4);
  assert.equal(toPlayerTime(entries, base - 5000), 0);
  assert.equal(toPlayerTime(entries, base + 67_500), null);
});

test('both ways lead back', () => {
  for (const ms of [0, 40, 1990, 2000, 3960, 64_000, 65_990, 67_000])
    assert.equal(toWall(entries, toPlayerTime(entries, base + ms) as number), base + ms);
});

test('what a playlist covers', () => {
  assert.equal(covers(entries, base), true);
  assert.equal(covers(entries, base + 3999), true);
  assert.equal(covers(entries, base + 4000), false);
  assert.equal(covers(entries, base - 1), false);
  assert.equal(covers([], base), false);
});

test('nothing is known without entries or dates', () => {
  assert.equal(toWall([], 1), null);
  assert.equal(toPlayerTime([], base), null);
  assert.equal(toWall([{ start: 0, duration: 2, programDateTime: null }], 1), null);
});

test('where a playlist ends', () => {
  assert.equal(endOf(entries), base + 67_500);
  assert.equal(endOf([]), null);
});

test('a gap is a jump; playing, fast playing and seeking are none', () => {
  const jumps = (time: number, wallMs: number) => isJump({ time: 4, wallMs: base }, { time: 4 + time, wallMs: base + wallMs });
  assert.equal(jumps(0.04, 60_040), true);
  assert.equal(jumps(0.04, 40), false);
  assert.equal(jumps(1.6, 1600), false);
  assert.equal(jumps(300, 300_000), false);
  assert.equal(jumps(-3, 60_000), false);
});
