// SPDX-License-Identifier: GPL-3.0-or-later

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

// The browser's, which the formats ask for the reader's region.
before(() => Object.defineProperty(globalThis, 'navigator', { value: { languages: ['en-GB'] }, configurable: true }));

const format = await import('../src/i18n/format');

test('lengths of time', () => {
  const cases: [number, string][] = [
    [0, '0 s'], [0.4, 'under 1 s'], [1, '1 s'], [59.4, '59 s'], [60, '1 min'], [80, '1 min 20 s'], [3600, '1 h'],
    [3905, '1 h 5 min'], [90_000, '1 d 1 h'], [172_800, '2 d'], [-5, '0 s'],
  ];
  for (const [seconds, text] of cases) assert.equal(format.formatDuration(seconds), text);
});

test('countdowns', () => {
  assert.equal(format.formatCountdown(0), 'now');
  assert.equal(format.formatCountdown(-3), 'now');
  assert.equal(format.formatCountdown(0.2), 'in 1 second');
  assert.equal(format.formatCountdown(12), 'in 12 seconds');
  assert.equal(format.formatCountdown(120), 'in 2 min');
});

test('rates and shares', () => {
  assert.equal(format.formatBitrate(4_012_000), '4 Mb/s');
  assert.equal(format.formatBitrate(1_723_176), '1.7 Mb/s');
  assert.equal(format.formatBitrate(346_969), '347 kb/s');
  assert.equal(format.formatBitrate(999_900), '1 Mb/s');
  assert.equal(format.formatRate(24.97), '25 fps');
  assert.equal(format.formatRate(7.46), '7.5 fps');
  assert.equal(format.formatShare(1), '100 %');
  assert.equal(format.formatShare(0.99999), '99.9 %');
  assert.equal(format.formatShare(0), '0 %');
});

test('codecs', () => {
  assert.equal(format.formatCodec('avc1.64001f'), 'H.264');
  assert.equal(format.formatCodec('hvc1.1.6.L63.90'), 'H.265');
  assert.equal(format.formatCodec('mp4a.40.2'), 'AAC');
  assert.equal(format.formatCodec('opus'), 'Opus');
  assert.equal(format.formatCodec('vp09.00'), 'vp09.00');
});

test('times are those of the zone, to the second', () => {
  const ms = Date.UTC(2026, 10, 21, 13, 3, 27, 900);
  assert.equal(format.formatTime(ms), '14:03:27');
  assert.equal(format.formatMinute(ms), '14:03');
  assert.match(format.formatDay(ms), /Saturday.*21 November 2026/);
});
