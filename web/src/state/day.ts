// SPDX-License-Identifier: GPL-3.0-or-later

// Days as people have them: from midnight to midnight in the local time zone, 23 to 25 hours long.

export interface Range {
  startMs: number;
  endMs: number;
}

/** The local day that `ms` lies in. */
export function dayOf(ms: number): Range {
  const date = new Date(ms);
  return dayFrom(date.getFullYear(), date.getMonth(), date.getDate());
}

/** `month` from 0; days beyond a month's end belong to the next one. */
export function dayFrom(year: number, month: number, day: number): Range {
  return {
    startMs: new Date(year, month, day).getTime(),
    endMs: new Date(year, month, day + 1).getTime(),
  };
}

/** The day that is `count` days later. */
export function shiftDay(day: Range, count: number): Range {
  const date = new Date(day.startMs);
  return dayFrom(date.getFullYear(), date.getMonth(), date.getDate() + count);
}

/** 2026-11-21, as <input type="date"> has it. */
export function toDateText(ms: number): string {
  const date = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function parseDateText(text: string): Range | null {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!match) return null;
  const day = dayFrom(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return toDateText(day.startMs) === text ? day : null; // no 30 February
}

/** The moment at which clocks show `text`, of <input type="time">, on that day; null when it is no time. */
export function parseTimeText(day: Range, text: string): number | null {
  const match = /^(\d\d):(\d\d)(?::(\d\d))?/.exec(text);
  if (!match) return null;
  const date = new Date(day.startMs);
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  return new Date(date.getFullYear(), date.getMonth(), date.getDate(), hours, minutes, seconds).getTime();
}

/** 2026-11-21T14:03:27, as <input type="datetime-local"> has it. */
export function toMomentText(ms: number): string {
  const date = new Date(ms);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(n => String(n).padStart(2, '0'));
  return `${toDateText(ms)}T${time.join(':')}`;
}

export function parseMomentText(text: string): number | null {
  const [date = '', time = ''] = text.split('T');
  const day = parseDateText(date);
  return day && parseTimeText(day, time);
}

const STEPS_MS = [
  10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000,
  10_800_000, 21_600_000, 43_200_000,
];

/** Round times in `view`, at most about `count`, on whole steps of the local clock. */
export function listTicks(view: Range, count: number): number[] {
  const wanted = (view.endMs - view.startMs) / Math.max(1, count);
  const step = STEPS_MS.find(candidate => candidate >= wanted) ?? 43_200_000;
  const ticks: number[] = [];
  // Elapsed time, not clock time: with daylight saving an hour is shown twice or not at all.
  const probe = Math.min(step, 3_600_000);
  const midnight = dayOf(view.startMs).startMs;
  const first = midnight + Math.ceil((view.startMs - midnight) / probe) * probe;
  for (let ms = first; ms < view.endMs; ms += probe) {
    const date = new Date(ms);
    const sinceMidnight = (date.getHours() * 3600 + date.getMinutes() * 60 + date.getSeconds()) * 1000;
    if (sinceMidnight % step === 0) ticks.push(ms);
  }
  return ticks;
}
