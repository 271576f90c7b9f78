// SPDX-License-Identifier: GPL-3.0-or-later

// Between a player's own time and wall time, by the entries of a playlist. An entry begins at
// `start` seconds of the player and was recorded at `programDateTime` milliseconds. Pure.

export interface Entry {
  start: number;
  duration: number;
  programDateTime: number | null;
}

// A frame at the border may be given a time a hair before its entry.
const TOLERANCE_S = 0.002;

/** The last entry that begins at or before `time`; -1 when none does. */
function findIndex(entries: readonly Entry[], isBefore: (entry: Entry) => boolean): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(entries[middle] as Entry)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function toWall(entries: readonly Entry[], time: number): number | null {
  const index = Math.max(0, findIndex(entries, entry => entry.start <= time + TOLERANCE_S));
  const entry = entries[index];
  if (!entry || entry.programDateTime === null) return null;
  const exact = entry.programDateTime + Math.max(0, time - entry.start) * 1000;
  return Math.round(exact * 1000) / 1000; // what floating point took away would cost a millisecond
}

/** The player's time of `wallMs`; where nothing was recorded then, of what comes next. */
export function toPlayerTime(entries: readonly Entry[], wallMs: number): number | null {
  const index = findIndex(entries, entry => (entry.programDateTime ?? 0) <= wallMs);
  const entry = entries[index];
  if (entry && entry.programDateTime !== null) {
    const inside = (wallMs - entry.programDateTime) / 1000;
    if (inside < entry.duration) return entry.start + inside;
  }
  return entries[index + 1]?.start ?? null;
}

/** Whether `wallMs` lies in what the playlist lists. */
export function covers(entries: readonly Entry[], wallMs: number): boolean {
  const index = findIndex(entries, entry => (entry.programDateTime ?? 0) <= wallMs);
  const entry = entries[index];
  if (!entry || entry.programDateTime === null) return false;
  return wallMs < entry.programDateTime + entry.duration * 1000;
}

/** Where the last entry ends. */
export function endOf(entries: readonly Entry[]): number | null {
  const last = entries[entries.length - 1];
  if (!last || last.programDateTime === null) return null;
  return last.programDateTime + last.duration * 1000;
}

const MISSING_MS = 500; // more than the difference of two clocks, less than a gap is recorded from

/** Whether wall time went on by more than was played: a gap was jumped over. */
export function isJump(before: { time: number; wallMs: number }, after: { time: number; wallMs: number }): boolean {
  const played = (after.time - before.time) * 1000;
  return played >= 0 && played < 5000 && after.wallMs - before.wallMs - played > MISSING_MS;
}
