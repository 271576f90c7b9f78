// SPDX-License-Identifier: GPL-3.0-or-later

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daysAround, readCoverage } from '../src/state/coverage';
import { dayFrom, toDateText } from '../src/state/day';

const noon = (day: number) => new Date(2026, 10, day, 12).getTime();

test('a day of a camera', () => {
  const day = readCoverage({
    date: '2026-11-21',
    start: '2026-11-21T00:00:00.000000Z',
    end: '2026-11-22T00:00:00.000000Z',
    coverage: 0.75,
    recorded_seconds: 0,
    deleted_seconds: 64_800,
    missing_seconds: 21_600,
    missing_by_cause: { power: 600, disconnected: 21_000 },
  });
  assert.equal(day.endMs - day.startMs, 86_400_000);
  assert.equal(day.share, 0.75);
  assert.equal(day.isDeleted, true);
  assert.deepEqual(day.causes, ['disconnected', 'power']);
});

test('the days up to the present, or to one that is longer ago', () => {
  const texts = (day: number) => daysAround(dayFrom(2026, 10, day), noon(21), 14, 7).map(one => toDateText(one.startMs));
  assert.deepEqual([texts(21)[0], texts(21)[13]], ['2026-11-08', '2026-11-21']);
  assert.equal(texts(15)[13], '2026-11-21');
  assert.equal(texts(14)[13], '2026-11-14');
  assert.equal(texts(14).length, 14);
});
