// SPDX-License-Identifier: GPL-3.0-or-later

// The recordings of a window in milliseconds, and what a player asks of them.

import type { EventKind, GapCause, Lock, Timeline } from '../api/types';
import type { Range } from './day';

export interface Span extends Range {
  isOpen: boolean;
}

export interface Missing extends Range {
  id: string;
  cause: GapCause;
  isOpen: boolean;
}

/** An event; a bookmark has no length. */
export interface Mark extends Range {
  id: string;
  kind: EventKind;
  title: string | null;
  isOpen: boolean;
}

export interface Track {
  spans: readonly Span[];
  gaps: readonly Missing[];
  events: readonly Mark[];
  /** There are too many to be told of all. */
  hasMoreEvents: boolean;
  coverage: number | null;
}

export const emptyTrack: Track = { spans: [], gaps: [], events: [], hasMoreEvents: false, coverage: null };

export function readTimeline(timeline: Timeline): Track {
  return {
    coverage: timeline.coverage,
    hasMoreEvents: timeline.events_truncated,
    spans: timeline.spans.map(span => ({
      startMs: Date.parse(span.start),
      endMs: Date.parse(span.end),
      isOpen: span.open,
    })),
    gaps: timeline.gaps.map(gap => ({
      id: gap.id,
      startMs: Date.parse(gap.start),
      endMs: gap.end === null ? Date.parse(timeline.end) : Date.parse(gap.end),
      cause: gap.cause,
      isOpen: gap.end === null,
    })),
    events: timeline.events.map(event => ({
      id: event.id,
      kind: event.kind,
      title: event.title,
      startMs: Date.parse(event.start),
      endMs: Date.parse(event.end ?? timeline.end),
      isOpen: event.end === null,
    })),
  };
}

export interface LockedRange extends Range {
  id: string;
  reason: string;
  expiresMs: number | null;
}

export function readLock(lock: Lock): LockedRange {
  return {
    id: lock.id,
    reason: lock.reason,
    startMs: Date.parse(lock.start),
    endMs: Date.parse(lock.end),
    expiresMs: lock.expires === null ? null : Date.parse(lock.expires),
  };
}

/** What is open reaches the present, until the next change tells otherwise. */
export function growTrack(track: Track, nowMs: number, window: Range): Track {
  const end = Math.min(nowMs, window.endMs);
  const grow = <Item extends Range & { isOpen: boolean }>(item: Item): Item =>
    item.isOpen ? { ...item, endMs: Math.max(item.startMs, end) } : item;
  return { ...track, spans: track.spans.map(grow), gaps: track.gaps.map(grow), events: track.events.map(grow) };
}

/** From the first to the last recorded moment. */
export function extentOf(track: Track): Range | null {
  const first = track.spans[0];
  const last = track.spans[track.spans.length - 1];
  return first && last ? { startMs: first.startMs, endMs: last.endMs } : null;
}

export function findSpan(track: Track, ms: number): Span | null {
  return track.spans.find(span => span.startMs <= ms && ms < span.endMs) ?? null;
}

export function findGap(track: Track, ms: number): Missing | null {
  return track.gaps.find(gap => gap.startMs <= ms && ms < gap.endMs) ?? null;
}

/** The newest event at `ms`, or one without length within `nearMs` of it. */
export function findEvent(track: Track, ms: number, nearMs: number): Mark | null {
  const isNear = (mark: Mark) => mark.startMs - nearMs <= ms && ms < Math.max(mark.endMs, mark.startMs + nearMs);
  const [newest] = track.events.filter(isNear).sort((a, b) => b.startMs - a.startMs);
  return newest ?? null;
}

/** `ms` where it is recorded, else the next moment that is; null behind the last. */
export function nextRecorded(track: Track, ms: number): number | null {
  const span = track.spans.find(candidate => candidate.endMs > ms);
  return span ? Math.max(ms, span.startMs) : null;
}

/** The gap that lies between two moments of a player that jumped; the longest of several. */
export function gapBetween(track: Track, fromMs: number, toMs: number): Missing | null {
  const length = (gap: Range) => Math.min(gap.endMs, toMs) - Math.max(gap.startMs, fromMs);
  const [longest] = track.gaps.filter(gap => length(gap) > 0).sort((a, b) => length(b) - length(a));
  return longest ?? null;
}

export function clamp(ms: number, range: Range): number {
  return Math.min(range.endMs, Math.max(range.startMs, ms));
}

/** Where `ms` lies in `view`, 0 to 1. */
export function toRatio(ms: number, view: Range): number {
  return (clamp(ms, view) - view.startMs) / (view.endMs - view.startMs);
}

export function fromRatio(ratio: number, view: Range): number {
  return view.startMs + Math.min(1, Math.max(0, ratio)) * (view.endMs - view.startMs);
}

/** `lengthMs` of `day` with `ms` at `ratio` of it, as far as the day goes. */
function viewOf(day: Range, ms: number, ratio: number, lengthMs: number): Range {
  const length = Math.min(lengthMs, day.endMs - day.startMs);
  const startMs = Math.min(Math.max(day.startMs, ms - ratio * length), day.endMs - length);
  return { startMs, endMs: startMs + length };
}

/** `lengthMs` of `day` with `ms` in the middle, as far as the day goes. */
export function zoomView(day: Range, ms: number, lengthMs: number): Range {
  return viewOf(day, ms, 0.5, lengthMs);
}

/** Another length of `view`; `ms` stays where it is, as far as the day goes. */
export function scaleView(view: Range, day: Range, ms: number, lengthMs: number): Range {
  return viewOf(day, ms, toRatio(ms, view), lengthMs);
}

/** `view`, so much later, as far as the day goes. */
export function moveView(view: Range, day: Range, byMs: number): Range {
  return viewOf(day, view.startMs + byMs, 0, view.endMs - view.startMs);
}

/** The view that still shows `ms`: the same, or a page that has it near its beginning. */
export function followView(view: Range, day: Range, ms: number): Range {
  if (ms >= view.startMs && ms < view.endMs) return view;
  const length = view.endMs - view.startMs;
  return zoomView(day, ms + length * 0.4, length);
}

/** What a key on the timeline does: seconds to move, or an end of what is recorded; null: nothing. */
export function stepOfKey(key: string, withShift: boolean): number | 'first' | 'last' | null {
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return withShift ? -1 : -10;
    case 'ArrowRight':
    case 'ArrowUp':
      return withShift ? 1 : 10;
    case 'PageUp':
      return 600;
    case 'PageDown':
      return -600;
    case 'Home':
      return 'first';
    case 'End':
      return 'last';
    default:
      return null;
  }
}
