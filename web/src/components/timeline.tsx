// SPDX-License-Identifier: GPL-3.0-or-later

// A stretch of time as a bar: what is recorded, what is missing and why, what happened, what is
// locked, and where the player is.
// It is a slider for the keyboard and for screen readers. Time runs from left to right in every
// language, as on players.

import { useEffect, useRef, useState } from 'preact/hooks';
import { formatDuration, formatMinute, formatTime } from '../i18n/format';
import { _ } from '../i18n/text';
import { type Range, listTicks } from '../state/day';
import { type LockedRange, type Mark, type Missing, type Track, clamp, findEvent, findGap, findSpan, fromRatio, nextRecorded, stepOfKey, toRatio } from '../state/timeline';
import { causeWords, eventWords } from '../state/words';

interface TimelineProps {
  track: Track;
  locks?: readonly LockedRange[];
  view: Range;
  nowMs: number;
  /** Where the player is; null when nothing plays. */
  positionMs: number | null;
  label: string;
  onSeek: (ms: number) => void;
  /** Shows less (1) or more (-1) time, `ms` staying where it is. */
  onZoom?: (by: -1 | 1, ms: number) => void;
  /** Shows as much, so much later. */
  onMove?: (byMs: number) => void;
}

const TICK_PX = 92; // 10:30:00 PM
const EDGE_PX = 8;
const NEAR_PX = 4;
const NOTCH_PX = 80; // of a wheel; a touchpad sends many small ones
const percent = (ratio: number) => `${(ratio * 100).toFixed(4)}%`;

function placeOf(range: Range, view: Range) {
  const left = toRatio(range.startMs, view);
  return { left: percent(left), width: percent(toRatio(range.endMs, view) - left) };
}

const isIn = (range: Range, view: Range) => range.endMs > view.startMs && range.startMs < view.endMs;

export function gapWords(gap: Missing): string {
  const length = formatDuration((gap.endMs - gap.startMs) / 1000);
  return gap.isOpen
    ? _('{cause}, since {time}', { cause: causeWords(gap.cause), time: formatTime(gap.startMs) })
    : _('{cause}, for {length}', { cause: causeWords(gap.cause), length });
}

export function markWords({ kind, title }: Mark): string {
  return title ? _('{time}: {what}', { time: eventWords(kind), what: title }) : eventWords(kind);
}

/** What there is at `ms`, for the tooltip and for screen readers; events so near count as there. */
function momentWords(track: Track, ms: number, nowMs: number, nearMs: number): string {
  const time = formatTime(ms);
  const gap = findGap(track, ms);
  const event = findEvent(track, ms, nearMs);
  if (event) return _('{time}: {what}', { time, what: markWords(event) });
  if (findSpan(track, ms)) return time;
  if (gap) return _('{time}: {what}', { time, what: gapWords(gap) });
  if (ms > nowMs) return _('{time}: still to come', { time });
  return _('{time}: not recorded', { time });
}

function useWidth(ref: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    if (ref.current) observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return width;
}

/** Ctrl with the wheel, and two fingers on a touchpad: further or closer; sideways: earlier or later. */
function useWheel(bar: { current: HTMLElement | null }, view: Range, onZoom: TimelineProps['onZoom'], onMove: TimelineProps['onMove']) {
  const turned = useRef(0);
  return (event: WheelEvent) => {
    const box = (bar.current as HTMLElement).getBoundingClientRect();
    if (event.ctrlKey && onZoom) {
      event.preventDefault();
      turned.current += event.deltaY * (event.deltaMode === 0 ? 1 : NOTCH_PX);
      if (Math.abs(turned.current) < NOTCH_PX) return;
      onZoom(turned.current < 0 ? 1 : -1, fromRatio((event.clientX - box.left) / box.width, view));
      turned.current = 0;
    } else if (onMove && Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      onMove((event.deltaX / box.width) * (view.endMs - view.startMs));
    }
  };
}

export function Timeline({ track, locks = [], view, nowMs, positionMs, label, onSeek, onZoom, onMove }: TimelineProps) {
  const bar = useRef<HTMLDivElement>(null);
  const width = useWidth(bar);
  const [pointerMs, setPointerMs] = useState<number | null>(null);
  const nearMs = width > 0 ? ((view.endMs - view.startMs) / width) * NEAR_PX : 0;
  const valueMs = positionMs ?? nextRecorded(track, view.startMs) ?? view.startMs;

  const onWheel = useWheel(bar, view, onZoom, onMove);
  const msAt = (event: PointerEvent) => {
    const box = (bar.current as HTMLDivElement).getBoundingClientRect();
    return fromRatio((event.clientX - box.left) / box.width, view);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === '+' || event.key === '-') return onZoom?.(event.key === '+' ? 1 : -1, clamp(valueMs, view));
    const step = stepOfKey(event.key, event.shiftKey);
    if (step === null) return;
    event.preventDefault();
    const last = track.spans[track.spans.length - 1];
    if (step === 'first') onSeek(track.spans[0]?.startMs ?? view.startMs);
    else if (step === 'last') onSeek(last ? Math.max(last.startMs, last.endMs - 10_000) : view.endMs);
    else onSeek(valueMs + step * 1000);
  };
  return (
    <div class="timeline">
      <div
        ref={bar}
        class="timeline-bar"
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={Math.round((view.endMs - view.startMs) / 1000)}
        aria-valuenow={Math.round(toRatio(valueMs, view) * ((view.endMs - view.startMs) / 1000))}
        aria-valuetext={momentWords(track, valueMs, nowMs, 0)}
        onKeyDown={onKeyDown}
        onWheel={onWheel}
        onPointerDown={event => {
          if (event.button !== 0) return;
          bar.current?.setPointerCapture(event.pointerId);
          setPointerMs(msAt(event));
        }}
        onPointerMove={event => setPointerMs(msAt(event))}
        onPointerUp={event => {
          if (bar.current?.hasPointerCapture(event.pointerId)) onSeek(msAt(event));
          if (event.pointerType !== 'mouse') setPointerMs(null);
        }}
        onPointerLeave={() => setPointerMs(null)}
        onPointerCancel={() => setPointerMs(null)}
      >
        {track.spans.filter(span => isIn(span, view)).map(span => (
          <div key={span.startMs} class={`span${span.isOpen ? ' span-open' : ''}`} style={placeOf(span, view)} />
        ))}
        {track.gaps.filter(gap => isIn(gap, view)).map(gap => (
          <div key={gap.id} class={gap.cause === 'clock-step' ? 'gap gap-step' : 'gap'} style={placeOf(gap, view)} />
        ))}
        {locks.filter(lock => isIn(lock, view)).map(lock => (
          <div key={lock.id} class="locked" style={placeOf(lock, view)} />
        ))}
        {track.events.filter(event => isIn({ ...event, endMs: event.endMs + 1 }, view)).map(event => (
          <div key={event.id} class={`mark mark-${event.kind}`} style={placeOf(event, view)} />
        ))}
        {nowMs < view.endMs && <div class="future" style={placeOf({ startMs: nowMs, endMs: view.endMs }, view)} />}
        {positionMs !== null && positionMs >= view.startMs && positionMs <= view.endMs && (
          <div class="playhead" style={{ left: percent(toRatio(positionMs, view)) }} />
        )}
        {pointerMs !== null && <Pointer ms={pointerMs} view={view} words={momentWords(track, pointerMs, nowMs, nearMs)} />}
      </div>
      <div class="ticks" aria-hidden="true">
        {listTicks(view, Math.max(2, width / TICK_PX))
          .filter(ms => hasRoom(toRatio(ms, view) * width, width))
          .map(ms => (
            <TickMark key={ms} ms={ms} view={view} isFirst={toRatio(ms, view) * width < EDGE_PX} />
          ))}
      </div>
    </div>
  );
}

/** Whether the words of a tick at `px` fit: in their middle, or behind it at the left edge. */
function hasRoom(px: number, width: number): boolean {
  return px < EDGE_PX || (px > TICK_PX / 3 && px < width - TICK_PX / 3);
}

function TickMark({ ms, view, isFirst }: { ms: number; view: Range; isFirst: boolean }) {
  const hasSeconds = ms % 60_000 !== 0;
  return (
    <span class={`tick${isFirst ? ' tick-first' : ''}`} style={{ left: percent(toRatio(ms, view)) }}>
      {hasSeconds ? formatTime(ms) : formatMinute(ms)}
    </span>
  );
}

function Pointer({ ms, view, words }: { ms: number; view: Range; words: string }) {
  const ratio = toRatio(ms, view);
  const side = ratio < 0.2 ? 'start' : ratio > 0.8 ? 'end' : 'middle';
  return (
    <div class="pointer" style={{ left: percent(ratio) }}>
      <span class={`pointer-words pointer-${side}`}>{words}</span>
    </div>
  );
}
