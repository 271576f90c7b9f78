// SPDX-License-Identifier: GPL-3.0-or-later

// The last days of a camera, each with how much of it was recorded; a press shows that day.

import { useEffect, useState } from 'preact/hooks';
import { listCoverage } from '../api/client';
import { formatDayNumber, formatDuration, formatShare, formatShortDay, formatWeekday } from '../i18n/format';
import { _ } from '../i18n/text';
import { watchRecordings } from '../state/app-state';
import { type Coverage, daysAround, readCoverage } from '../state/coverage';
import type { Range } from '../state/day';
import { causeWords } from '../state/words';

const DAYS = 14;
const NEAR_DAYS = 7; // as many are shown where there is little room
const QUIET_MS = 1000; // changes come in bursts
const MINUTE_MS = 60_000;

function useCoverage(camera: string, startMs: number, endMs: number): readonly Coverage[] {
  const [days, setDays] = useState<readonly Coverage[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    setDays([]);
    const read = () => {
      listCoverage(camera, startMs, endMs, abort.signal).then(
        list => setDays(list.map(readCoverage)),
        () => undefined, // the days can be chosen all the same
      );
    };
    const unwatch = watchRecordings(changed => {
      if (changed !== null && changed !== camera) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(read, QUIET_MS);
    });
    const minute = window.setInterval(read, MINUTE_MS);
    read();
    return () => {
      unwatch();
      window.clearInterval(minute);
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [camera, startMs, endMs]);
  return days;
}

export interface DayStripState {
  days: readonly Range[];
  coverage: readonly Coverage[];
}

export function useDayStrip(camera: string, day: Range, nowMs: number): DayStripState {
  const days = daysAround(day, nowMs, DAYS, NEAR_DAYS);
  const coverage = useCoverage(camera, (days[0] as Range).startMs, (days[DAYS - 1] as Range).endMs);
  return { days, coverage };
}

export function findCoverage({ coverage }: DayStripState, day: Range): Coverage | null {
  return coverage.find(one => one.startMs === day.startMs) ?? null;
}

function coverageWords(coverage: Coverage | null): string {
  if (!coverage || coverage.share === null) return _('nothing was to be recorded');
  const words = [_('{share} recorded', { share: formatShare(coverage.share) })];
  if (coverage.missingSeconds > 0) {
    const length = formatDuration(coverage.missingSeconds);
    const cause = coverage.causes.map(causeWords).join(', ');
    words.push(_('{length} missing: {cause}', { length, cause }));
  }
  if (coverage.isDeleted) words.push(_('deleted since'));
  return words.join('; ');
}

function DayButton({ day, coverage, isShown, onDay }: { day: Range; coverage: Coverage | null; isShown: boolean; onDay: (day: Range) => void }) {
  const share = coverage?.share ?? null;
  const label = _('{time}: {what}', { time: formatShortDay(day.startMs), what: coverageWords(coverage) });
  return (
    <button type="button" aria-current={isShown ? 'date' : undefined} aria-label={label} title={label} onClick={() => onDay(day)}>
      <span class="day-name">
        {formatWeekday(day.startMs)} <b>{formatDayNumber(day.startMs)}</b>
      </span>
      <span class={`day-fill${share === null ? '' : ' day-known'}${coverage?.isDeleted ? ' day-deleted' : ''}`}>
        {share !== null && <span style={{ inlineSize: `${Math.min(share, share < 1 ? 0.96 : 1) * 100}%` }} />}
      </span>
      <span class="day-share">{share === null ? '–' : formatShare(share)}</span>
    </button>
  );
}

export function DayStrip({ state, day, onDay }: { state: DayStripState; day: Range; onDay: (day: Range) => void }) {
  return (
    <ol class="day-strip" aria-label={_('Recorded of the last days')}>
      {state.days.map(one => (
        <li key={one.startMs}>
          <DayButton day={one} coverage={findCoverage(state, one)} isShown={one.startMs === day.startMs} onDay={onDay} />
        </li>
      ))}
    </ol>
  );
}
