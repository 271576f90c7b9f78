// SPDX-License-Identifier: GPL-3.0-or-later

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areaBetween, formatSchedule, modeOfHour, paint, parseSchedule, uniformWeek } from '../src/state/schedule';

const TEXT = 'mon-fri 00:00-08:00 event; mon-fri 08:00-18:00 continuous; mon-fri 18:00-24:00 event; sat-sun 00:00-24:00 off';

test('a text is read and written as it was', () => {
  const week = parseSchedule(TEXT);
  assert.ok(week);
  assert.equal(formatSchedule(week), TEXT);
  assert.equal(formatSchedule(uniformWeek('event')), 'mon-sun 00:00-24:00 event');
});

test('rules in any order, ranges over the end of the week, a trailing semicolon', () => {
  const week = parseSchedule(' sat-mon 12:00-24:00 off;sat-mon 00:00-12:00 event ; tue-fri 00:00-24:00 continuous;');
  assert.ok(week);
  assert.equal(
    formatSchedule(week),
    'mon,sat-sun 00:00-12:00 event; mon,sat-sun 12:00-24:00 off; tue-fri 00:00-24:00 continuous',
  );
});

test('minutes stay exact, and neighbours of one mode become one', () => {
  const week = parseSchedule('mon-sun 00:00-08:17 off; mon-sun 08:17-09:00 event; mon-sun 09:00-24:00 event');
  assert.ok(week);
  assert.equal(formatSchedule(week), 'mon-sun 00:00-08:17 off; mon-sun 08:17-24:00 event');
  assert.equal(modeOfHour(week, 0, 8), null);
  assert.equal(modeOfHour(week, 0, 9), 'event');
});

test('what is no week is refused', () => {
  for (const text of [
    '',
    'mon-sat 00:00-24:00 off',
    'mon-sun 00:00-23:59 off',
    'mon-sun 00:00-12:00 off; mon-sun 11:00-24:00 off',
    'mon-sun 00:00-24:00 always',
    'mon-sun 00:00-24:01 off',
    'mon-sun 0:00-24:00 off',
    'mon-sun 24:00-00:00 off',
    'mon-sun off',
    'mon-sun 00:00-24:00 off; x',
    'mon-tue-wed 00:00-24:00 off',
  ])
    assert.equal(parseSchedule(text), null, text);
});

test('painting covers whole hours and leaves the rest', () => {
  const area = areaBetween({ day: 4, hour: 17 }, { day: 0, hour: 8 });
  const week = paint(uniformWeek('off'), area, 'continuous');
  assert.equal(
    formatSchedule(week),
    'mon-fri 00:00-08:00 off; mon-fri 08:00-18:00 continuous; mon-fri 18:00-24:00 off; sat-sun 00:00-24:00 off',
  );
  assert.equal(formatSchedule(paint(week, area, 'off')), 'mon-sun 00:00-24:00 off');
  const cut = paint(parseSchedule('mon-sun 00:00-08:30 off; mon-sun 08:30-24:00 event') ?? [], areaBetween({ day: 1, hour: 8 }, { day: 1, hour: 8 }), 'off');
  assert.equal(modeOfHour(cut, 1, 8), 'off');
  assert.equal(modeOfHour(cut, 1, 9), 'event');
  assert.equal(modeOfHour(cut, 0, 8), null);
});
