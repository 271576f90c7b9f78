// SPDX-License-Identifier: GPL-3.0-or-later

// How much of each day was recorded.

import type { CoverageDay, GapCause } from '../api/types';
import { type Range, dayOf, shiftDay } from './day';

export interface Coverage extends Range {
  /** Null when nothing was to be recorded. */
  share: number | null;
  /** All that was recorded has been deleted since. */
  isDeleted: boolean;
  missingSeconds: number;
  /** Longest first. */
  causes: readonly GapCause[];
}

export function readCoverage(day: CoverageDay): Coverage {
  const causes = Object.entries(day.missing_by_cause) as [GapCause, number][];
  return {
    startMs: Date.parse(day.start),
    endMs: Date.parse(day.end),
    share: day.coverage,
    isDeleted: day.recorded_seconds === 0 && day.deleted_seconds > 0,
    missingSeconds: day.missing_seconds,
    causes: causes.sort((a, b) => b[1] - a[1]).map(([cause]) => cause),
  };
}

/** The `count` days up to the present, or up to `day` when it would not be among the last `near`. */
export function daysAround(day: Range, nowMs: number, count: number, near: number): Range[] {
  const today = dayOf(nowMs);
  const last = day.startMs < shiftDay(today, 1 - near).startMs ? day : today;
  return [...Array(count).keys()].map(n => shiftDay(last, n + 1 - count));
}
