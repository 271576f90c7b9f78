// SPDX-License-Identifier: GPL-3.0-or-later

// The week of a camera that records by schedule: read from and written as the one text that all
// doors use (`mon-fri 08:00-18:00 continuous; …`; docs/rest.md), and painted over by hours. Pure.

export type SlotMode = 'continuous' | 'event' | 'off';

export interface Slot {
  /** Minutes of the day, 0 to 1440. */
  start: number;
  end: number;
  mode: SlotMode;
}

/** Monday first; the slots of each day follow on each other from 0 to 1440. */
export type Week = readonly (readonly Slot[])[];

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const DAY_MINUTES = 1440;
const MODES: readonly string[] = ['continuous', 'event', 'off'];

export function uniformWeek(mode: SlotMode): Week {
  return DAYS.map(() => [{ start: 0, end: DAY_MINUTES, mode }]);
}

// --- reading ---

function parseDay(text: string): number {
  return (DAYS as readonly string[]).indexOf(text);
}

function parseDays(text: string): number[] | null {
  const days = new Set<number>();
  for (const range of text.split(',')) {
    const [from = '', to = from, ...rest] = range.split('-');
    const [first, last] = [parseDay(from), parseDay(to)];
    if (first < 0 || last < 0 || rest.length > 0) return null;
    for (let day = first; day !== last; day = (day + 1) % 7) days.add(day);
    days.add(last);
  }
  return [...days];
}

function parseMinutes(text: string): number | null {
  const match = /^(\d\d):(\d\d)$/.exec(text);
  if (!match) return null;
  const minutes = Number(match[1]) * 60 + Number(match[2]);
  return Number(match[2]) < 60 && minutes <= DAY_MINUTES ? minutes : null;
}

function addRule(week: Slot[][], rule: string): boolean {
  const [dayText = '', timeText = '', mode = '', ...rest] = rule.split(/[ \t\r\n]+/);
  const days = parseDays(dayText);
  const [start, end] = timeText.split('-').map(parseMinutes);
  if (days === null || start == null || end == null || start >= end || rest.length > 0) return false;
  if (!MODES.includes(mode)) return false;
  for (const day of days) week[day]?.push({ start, end, mode: mode as SlotMode });
  return true;
}

function isWhole(slots: readonly Slot[]): boolean {
  let covered = 0;
  for (const slot of slots) {
    if (slot.start !== covered) return false;
    covered = slot.end;
  }
  return covered === DAY_MINUTES;
}

/** Null when it is not a whole week; the daemon says why. */
export function parseSchedule(text: string): Week | null {
  const week: Slot[][] = DAYS.map(() => []);
  const rules = text.split(';').map(rule => rule.trim());
  if (rules.length > 1 && rules[rules.length - 1] === '') rules.pop();
  if (!rules.every(rule => addRule(week, rule))) return null;
  for (const slots of week) slots.sort((a, b) => a.start - b.start);
  return week.every(isWhole) ? week.map(join) : null;
}

// --- writing ---

function join(slots: readonly Slot[]): Slot[] {
  const joined: Slot[] = [];
  for (const slot of slots) {
    const last = joined[joined.length - 1];
    if (last && last.mode === slot.mode) last.end = slot.end;
    else joined.push({ ...slot });
  }
  return joined;
}

export function formatMinutes(minutes: number): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

const slotText = ({ start, end, mode }: Slot) => `${formatMinutes(start)}-${formatMinutes(end)} ${mode}`;

/** `mon-wed,sun`: sorted days as ranges of two and more. */
function daysText(days: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const day of days) {
    const last = ranges[ranges.length - 1];
    if (last && last[1] === day - 1) last[1] = day;
    else ranges.push([day, day]);
  }
  return ranges.map(([from, to]) => (from === to ? DAYS[from] : `${DAYS[from]}-${DAYS[to]}`)).join(',');
}

/** Days that are alike share their rules. */
export function formatSchedule(week: Week): string {
  const alike = new Map<string, number[]>();
  week.forEach((slots, day) => {
    const key = slots.map(slotText).join(';');
    alike.set(key, [...(alike.get(key) ?? []), day]);
  });
  return [...alike.values()]
    .flatMap(days => (week[days[0] as number] as readonly Slot[]).map(slot => `${daysText(days)} ${slotText(slot)}`))
    .join('; ');
}

// --- painting ---

export interface Area {
  firstDay: number;
  lastDay: number;
  /** Hours 0 to 23, both included. */
  firstHour: number;
  lastHour: number;
}

export function areaBetween(a: { day: number; hour: number }, b: { day: number; hour: number }): Area {
  return {
    firstDay: Math.min(a.day, b.day),
    lastDay: Math.max(a.day, b.day),
    firstHour: Math.min(a.hour, b.hour),
    lastHour: Math.max(a.hour, b.hour),
  };
}

function paintDay(slots: readonly Slot[], start: number, end: number, mode: SlotMode): Slot[] {
  const before = slots.filter(slot => slot.start < start).map(slot => ({ ...slot, end: Math.min(slot.end, start) }));
  const after = slots.filter(slot => slot.end > end).map(slot => ({ ...slot, start: Math.max(slot.start, end) }));
  return join([...before, { start, end, mode }, ...after]);
}

export function paint(week: Week, area: Area, mode: SlotMode): Week {
  return week.map((slots, day) =>
    day < area.firstDay || day > area.lastDay ? slots : paintDay(slots, area.firstHour * 60, (area.lastHour + 1) * 60, mode),
  );
}

/** Of the whole hour; null when it is cut. */
export function modeOfHour(week: Week, day: number, hour: number): SlotMode | null {
  const slot = week[day]?.find(candidate => candidate.start <= hour * 60 && candidate.end >= (hour + 1) * 60);
  return slot?.mode ?? null;
}
