// SPDX-License-Identifier: GPL-3.0-or-later

// The week of a schedule, seven rows of 24 hours, painted over with what is to be recorded: by
// mouse and finger from corner to corner, by keyboard with the arrow keys and the space bar (Shift
// paints on the way). Exact minutes are written in the text below it, which is what is stored.

import { useEffect, useRef, useState } from 'preact/hooks';
import { _, pgettext } from '../i18n/text';
import { weekdayNames } from '../i18n/format';
import { type Area, DAYS, type Slot, type SlotMode, type Week, areaBetween, formatMinutes, formatSchedule, modeOfHour, paint, parseSchedule, uniformWeek } from '../state/schedule';
import { Field, describedBy } from './field';

const HOURS = [...Array(24).keys()];
const MARKED_HOURS = [0, 6, 12, 18, 24];
const MODES: readonly SlotMode[] = ['continuous', 'event', 'off'];

interface Cell {
  day: number;
  hour: number;
}

function modeWords(mode: SlotMode | null): string {
  if (mode === 'continuous') return _('Always');
  if (mode === 'event') return _('On events');
  return mode === 'off' ? _('Never') : _('several within this hour');
}

function Brush({ value, onChange }: { value: SlotMode; onChange: (mode: SlotMode) => void }) {
  return (
    <div class="brush" role="radiogroup" aria-label={_('Paint with')}>
      {MODES.map(mode => (
        <label key={mode} class="brush-choice">
          <input type="radio" name="brush" checked={mode === value} onChange={() => onChange(mode)} />
          <span class={`swatch slot-${mode}`} aria-hidden="true" />
          {modeWords(mode)}
        </label>
      ))}
    </div>
  );
}

function SlotBar({ slot }: { slot: Slot }) {
  const style = { left: `${(slot.start / 14.4).toFixed(3)}%`, width: `${((slot.end - slot.start) / 14.4).toFixed(3)}%` };
  return <div class={`slot slot-${slot.mode}`} style={style} title={`${formatMinutes(slot.start)}–${formatMinutes(slot.end)} ${modeWords(slot.mode)}`} />;
}

const isWithin = (area: Area | null, { day, hour }: Cell) =>
  area !== null && day >= area.firstDay && day <= area.lastDay && hour >= area.firstHour && hour <= area.lastHour;

interface GridProps {
  week: Week;
  brush: SlotMode;
  onPaint: (area: Area) => void;
}

function Grid({ week, brush, onPaint }: GridProps) {
  const grid = useRef<HTMLDivElement>(null);
  const anchor = useRef<Cell | null>(null);
  const [area, setArea] = useState<Area | null>(null); // while a pointer is down
  const [focus, setFocus] = useState<Cell>({ day: 0, hour: 8 });
  const names = weekdayNames('short');
  const longNames = weekdayNames('long');

  /** The cell under the pointer, or the nearest. */
  const cellAt = (event: PointerEvent): Cell | null => {
    const rows = [...(grid.current?.querySelectorAll<HTMLElement>('.week-track') ?? [])];
    const boxes = rows.map(row => row.getBoundingClientRect());
    const first = boxes[0];
    if (!first) return null;
    const below = boxes.findIndex(box => event.clientY < box.bottom);
    const hour = Math.floor(((event.clientX - first.left) / first.width) * 24);
    return { day: below < 0 ? 6 : below, hour: Math.min(23, Math.max(0, hour)) };
  };
  const begin = (event: PointerEvent) => {
    const cell = cellAt(event);
    if (event.button !== 0 || !cell) return;
    anchor.current = cell;
    grid.current?.setPointerCapture(event.pointerId);
    setArea(areaBetween(cell, cell));
    setFocus(cell);
  };
  const move = (event: PointerEvent) => {
    const cell = anchor.current && cellAt(event);
    if (cell) setArea(areaBetween(anchor.current as Cell, cell));
  };
  const end = (event: PointerEvent) => {
    const cell = anchor.current && cellAt(event);
    if (cell) onPaint(areaBetween(anchor.current as Cell, cell));
    cancel();
  };
  const cancel = () => {
    anchor.current = null;
    setArea(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.target as HTMLElement).matches('[role=gridcell]')) return;
    const steps: Record<string, [number, number]> = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -24], End: [0, 24] };
    const step = steps[event.key];
    if (event.key === ' ' || event.key === 'Enter') onPaint(areaBetween(focus, focus));
    else if (step) {
      const next = { day: Math.min(6, Math.max(0, focus.day + step[0])), hour: Math.min(23, Math.max(0, focus.hour + step[1])) };
      if (event.shiftKey) onPaint(areaBetween(focus, next));
      setFocus(next);
      grid.current?.querySelector<HTMLElement>(`[data-cell="${next.day}-${next.hour}"]`)?.focus();
    } else return;
    event.preventDefault();
  };

  return (
    <div
      ref={grid}
      class="week"
      role="grid"
      aria-label={_('Week')}
      onPointerMove={move}
      onPointerUp={end}
      onPointerCancel={cancel}
      onKeyDown={onKeyDown}
    >
      {DAYS.map((id, day) => (
        <div key={id} class="week-row" role="row">
          <div role="rowheader">
            <button
              type="button"
              class="week-day"
              aria-label={_('{day}: paint the whole day', { day: longNames[day] as string })}
              title={_('Paint the whole day')}
              onClick={() => onPaint({ firstDay: day, lastDay: day, firstHour: 0, lastHour: 23 })}
            >
              {names[day]}
            </button>
          </div>
          <div class="week-track" onPointerDown={begin}>
            {week[day]?.map(slot => <SlotBar key={slot.start} slot={slot} />)}
            {HOURS.map(hour => (
              <div
                key={hour}
                role="gridcell"
                class={`week-cell${isWithin(area, { day, hour }) ? ` painting slot-${brush}` : ''}`}
                data-cell={`${day}-${hour}`}
                tabIndex={focus.day === day && focus.hour === hour ? 0 : -1}
                aria-label={_('{day}, {from} to {to}: {mode}', {
                  day: longNames[day] as string,
                  from: formatMinutes(hour * 60),
                  to: formatMinutes(hour * 60 + 60),
                  mode: modeWords(modeOfHour(week, day, hour)),
                })}
                onFocus={() => setFocus({ day, hour })}
              />
            ))}
          </div>
        </div>
      ))}
      <div class="week-hours" aria-hidden="true">
        {MARKED_HOURS.map(hour => (
          <span key={hour} style={{ left: `${(hour / 24) * 100}%` }}>
            {hour}
          </span>
        ))}
      </div>
    </div>
  );
}

interface ScheduleEditorProps {
  value: string;
  error?: string | undefined;
  onChange: (value: string) => void;
}

export function ScheduleEditor({ value, error, onChange }: ScheduleEditorProps) {
  const [brush, setBrush] = useState<SlotMode>('continuous');
  const shown = useRef<Week>(uniformWeek('off'));
  const week = parseSchedule(value);
  if (week) shown.current = week; // a text that is none yet leaves the week as it was
  const hint = _('Times are those of the machine that Potoo runs on. Over midnight there are two rules, one to 24:00 and one from 00:00.');
  const asText = pgettext('schedule', 'As text, to the minute');
  useEffect(() => {
    if (error) document.querySelector<HTMLDetailsElement>('.schedule-text')?.setAttribute('open', '');
  }, [error]);
  return (
    <div class="schedule">
      <div class="schedule-head">
        <span class="switch-label">{_('Week')}</span>
        <Brush value={brush} onChange={setBrush} />
      </div>
      <Grid week={shown.current} brush={brush} onPaint={area => onChange(formatSchedule(paint(shown.current, area, brush)))} />
      <p class="field-hint">
        {_('Choose what to paint with, then drag over the hours. A click on a day paints all of it.')}
      </p>
      <details class="schedule-text" aria-label={asText}>
        <summary>{asText}</summary>
        <Field id="schedule" label={_('Schedule')} hint={hint} error={error}>
          <textarea
            id="schedule"
            name="schedule"
            class="input"
            rows={4}
            value={value}
            spellcheck={false}
            autocapitalize="off"
            maxLength={4096}
            aria-invalid={error ? 'true' : undefined}
            aria-describedby={describedBy('schedule', hint, error)}
            onInput={event => onChange(event.currentTarget.value)}
          />
        </Field>
      </details>
    </div>
  );
}
