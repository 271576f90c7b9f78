// SPDX-License-Identifier: GPL-3.0-or-later

// Times, spans of time and sizes for people. Times are milliseconds since 1970, shown in the time
// zone of whoever looks.

import type { Range } from '../state/day';
import { getLocale } from './language';
import { _, ngettext } from './text';

const formats = new Map<string, Intl.DateTimeFormat>();

function getFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = getLocale() + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(getLocale(), options);
    formats.set(key, format);
  }
  return format;
}

/** 14:03:27 */
export function formatTime(ms: number): string {
  return getFormat({ hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(ms);
}

/** 14:03 */
export function formatMinute(ms: number): string {
  return getFormat({ hour: '2-digit', minute: '2-digit' }).format(ms);
}

/** Monday first. */
export function weekdayNames(length: 'short' | 'long'): string[] {
  const monday = Date.UTC(2024, 0, 1);
  const format = getFormat({ weekday: length, timeZone: 'UTC' });
  return [...Array(7).keys()].map(day => format.format(monday + day * 86_400_000));
}

/** 24 Dec 2026, of a day as the daemon names it: 2026-12-24 */
export function formatDate(day: string): string {
  return getFormat({ day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(Date.parse(day));
}

/** Saturday, 21 November 2026 */
export function formatDay(ms: number): string {
  return getFormat({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(ms);
}

/** Sat, 21 Nov 2026 */
export function formatShortDay(ms: number): string {
  return getFormat({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(ms);
}

/** Sat */
export function formatWeekday(ms: number): string {
  return getFormat({ weekday: 'short' }).format(ms);
}

/** 21 */
export function formatDayNumber(ms: number): string {
  return String(new Date(ms).getDate());
}

/** 21 Nov, 14:03:27 */
export function formatDayTime(ms: number): string {
  return getFormat({
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(ms);
}

/** With its date where it is of another day than the one that is shown. */
export function formatMoment(ms: number, day: Range): string {
  return ms < day.startMs || ms > day.endMs ? formatDayTime(ms) : formatTime(ms);
}

/** What daylight saving time makes ambiguous: CET, CEST. */
export function formatZone(ms: number): string {
  const parts = getFormat({ hour: 'numeric', timeZoneName: 'short' }).formatToParts(ms);
  return parts.find(part => part.type === 'timeZoneName')?.value ?? '';
}

/** 45 s · 1 min 20 s · 3 h 5 min · 2 d 4 h */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (seconds > 0 && seconds < 1) return _('under 1 s');
  const s = whole % 60;
  const min = Math.floor(whole / 60) % 60;
  const h = Math.floor(whole / 3600) % 24;
  const d = Math.floor(whole / 86400);
  if (d > 0) return join(_('{n} d', { n: d }), h > 0 && _('{n} h', { n: h }));
  if (h > 0) return join(_('{n} h', { n: h }), min > 0 && _('{n} min', { n: min }));
  if (min > 0) return join(_('{n} min', { n: min }), s > 0 && _('{n} s', { n: s }));
  return _('{n} s', { n: s });
}

function join(first: string, second: string | false): string {
  return second ? `${first} ${second}` : first;
}

/** in 12 seconds */
export function formatCountdown(seconds: number): string {
  const n = Math.max(0, Math.ceil(seconds));
  if (n === 0) return _('now');
  if (n >= 90) return _('in {duration}', { duration: formatDuration(n) });
  return ngettext('in {n} second', 'in {n} seconds', n);
}

export function formatNumber(value: number, digits = 0): string {
  return new Intl.NumberFormat(getLocale(), {
    maximumFractionDigits: digits,
    minimumFractionDigits: 0,
  }).format(value);
}

/** 1.5 TB · 12 GB · 340 MB */
export function formatBytes(bytes: number): string {
  if (bytes >= 999.5e9) return _('{n} TB', { n: formatNumber(bytes / 1e12, 2) });
  if (bytes >= 999.5e6) return _('{n} GB', { n: formatNumber(bytes / 1e9, bytes < 9.95e9 ? 1 : 0) });
  if (bytes >= 999.5e3) return _('{n} MB', { n: formatNumber(bytes / 1e6) });
  return _('{n} kB', { n: formatNumber(bytes / 1e3) });
}

/** 4.0 Mb/s · 800 kb/s */
export function formatBitrate(bitsPerSecond: number): string {
  if (bitsPerSecond >= 999_500)
    return _('{n} Mb/s', { n: formatNumber(bitsPerSecond / 1_000_000, 1) });
  return _('{n} kb/s', { n: formatNumber(bitsPerSecond / 1000) });
}

/** 25 fps */
export function formatRate(fps: number): string {
  return _('{n} fps', { n: formatNumber(fps, fps < 10 ? 1 : 0) });
}

/** 99.8 %, and 100 % only when nothing is missing. */
export function formatShare(share: number): string {
  const percent = share >= 1 ? 100 : Math.min(99.9, share * 100);
  return _('{n} %', { n: formatNumber(percent, 1) });
}

/** H.264 for avc1.64001f */
export function formatCodec(codec: string): string {
  const names: Record<string, string> = {
    avc1: 'H.264',
    avc3: 'H.264',
    hvc1: 'H.265',
    hev1: 'H.265',
    mp4a: 'AAC',
    opus: 'Opus',
  };
  return names[(codec.split('.')[0] ?? '').toLowerCase()] ?? codec;
}
