// SPDX-License-Identifier: GPL-3.0-or-later

// The zone is Europe/Berlin (build/test.mjs): on 29 March 2026 clocks go from 2:00 to 3:00, on
// 25 October from 3:00 back to 2:00.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayFrom, dayOf, listTicks, parseDateText, parseMomentText, parseTimeText, shiftDay, toDateText, toMomentText } from '../src/state/day';

const HOUR = 3_600_000;
const spring = dayFrom(2026, 2, 29);
const autumn = dayFrom(2026, 9, 25);

test('the zone is one with daylight saving time', () => {
  assert.equal(new Date(2026, 6, 1).getTimezoneOffset(), -120);
  assert.equal(new Date(2026, 0, 1).getTimezoneOffset(), -60);
});

test('days have 23, 24 and 25 hours', () => {
  const hours = (day: { startMs: number; endMs: number }) => (day.endMs - day.startMs) / HOUR;
  assert.equal(hours(spring), 23);
  assert.equal(hours(dayFrom(2026, 10, 21)), 24);
  assert.equal(hours(autumn), 25);
});

test('a day is of all its moments, and not of the next midnight', () => {
  assert.deepEqual(dayOf(autumn.startMs), autumn);
  assert.deepEqual(dayOf(autumn.endMs - 1), autumn);
  assert.deepEqual(dayOf(autumn.endMs), shiftDay(autumn, 1));
});

test('days follow each other over changes of the clock and of the year', () => {
  let day = dayFrom(2025, 11, 30);
  for (let i = 0; i < 400; i++) {
    const next = shiftDay(day, 1);
    assert.equal(next.startMs, day.endMs);
    assert.deepEqual(shiftDay(next, -1), day);
    day = next;
  }
  assert.equal(toDateText(day.startMs), '2027-02-03');
});

test('dates are read as they are written', () => {
  assert.deepEqual(parseDateText('2026-10-25'), autumn);
  assert.equal(toDateText(autumn.startMs), '2026-10-25');
  for (const text of ['', '2026-02-30', '2026-13-01', '26-01-01', 'x2026-01-01', '2026-1-1'])
    assert.equal(parseDateText(text), null, text);
});

test('a time of the day is what clocks show', () => {
  const at = (text: string) => parseTimeText(spring, text);
  assert.equal(at('01:59:59'), spring.startMs + 2 * HOUR - 1000);
  assert.equal(at('03:00:00'), spring.startMs + 2 * HOUR);
  assert.equal(at('12:30'), spring.startMs + 11.5 * HOUR);
  assert.equal(parseTimeText(autumn, '23:00:00'), autumn.endMs - HOUR);
  for (const text of ['', '24:00:00', '12:60', '1:00', 'noon']) assert.equal(at(text), null, text);
});

test('ticks stand on whole hours of the clock, on each day', () => {
  const hoursOf = (day: typeof spring) => listTicks(day, 24).map(ms => new Date(ms).getHours());
  assert.deepEqual(hoursOf(dayFrom(2026, 10, 21)), Array.from({ length: 24 }, (_, hour) => hour));
  assert.equal(hoursOf(spring).includes(2), false);
  const isEven = hoursOf(autumn).every((hour, i, all) => i === 0 || hour > (all[i - 1] as number) || hour === 2);
  assert.equal(isEven, true);
});

test('there are about as many ticks as there is room for', () => {
  const day = dayFrom(2026, 10, 21);
  for (const count of [2, 4, 8, 24]) {
    const ticks = listTicks(day, count);
    assert.ok(ticks.length >= 1 && ticks.length <= count + 1, `${ticks.length} for ${count}`);
  }
  const tenMinutes = { startMs: day.startMs + 5_000, endMs: day.startMs + 605_000 };
  const ticks = listTicks(tenMinutes, 10);
  assert.deepEqual(ticks[0], day.startMs + 60_000);
  assert.equal(ticks.length, 10);
});

test('a moment as text comes back, over midnight and changes of the clock', () => {
  for (const ms of [spring.startMs - 1000, spring.startMs, spring.startMs + 3 * HOUR, autumn.endMs - 1000]) {
    assert.equal(parseMomentText(toMomentText(ms)), ms);
  }
  assert.equal(toMomentText(spring.startMs), '2026-03-29T00:00:00');
  assert.equal(parseMomentText('2026-03-29T00:05'), spring.startMs + HOUR / 12);
  for (const text of ['', '2026-03-29', 'T10:00', '2026-02-30T10:00', '2026-03-29T24:00']) assert.equal(parseMomentText(text), null);
});
