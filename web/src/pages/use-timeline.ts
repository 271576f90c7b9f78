// SPDX-License-Identifier: GPL-3.0-or-later

// The recordings of a camera in a window: fetched once, again when the stream of changes tells of
// segments or gaps of it, and growing with the clock in between.

import { useEffect, useMemo, useState } from 'preact/hooks';
import { getTimeline } from '../api/client';
import { type ApiError, toApiError } from '../api/error';
import { getNowMs, watchRecordings } from '../state/app-state';
import type { Range } from '../state/day';
import { type Track, growTrack, readTimeline } from '../state/timeline';

const TICK_MS = 1000;
const QUIET_MS = 300; // changes come in bursts

export function useNow(everyMs = TICK_MS): number {
  const [now, setNow] = useState(getNowMs);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(getNowMs()), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return now;
}

export interface TimelineState {
  /** Null until the first answer for this window. */
  track: Track | null;
  error: ApiError | null;
}

interface Answer extends TimelineState {
  /** The window that this is about. */
  key: string;
}

export function useTimeline(camera: string, window_: Range, nowMs: number): TimelineState {
  const { startMs, endMs } = window_;
  const key = `${camera} ${startMs} ${endMs}`;
  const [state, setState] = useState<Answer>({ key, track: null, error: null });
  useEffect(() => {
    let abort = new AbortController();
    let timer = 0;
    setState({ key, track: null, error: null });
    const fetchAll = async () => {
      abort.abort();
      const own = new AbortController();
      abort = own;
      try {
        const track = readTimeline(await getTimeline(camera, startMs, endMs, own.signal));
        if (!own.signal.aborted) setState({ key, track, error: null });
      } catch (thrown) {
        const error = toApiError(thrown);
        if (error && !own.signal.aborted) setState(before => ({ ...before, error }));
      }
    };
    const unwatch = watchRecordings(changed => {
      if (changed !== null && changed !== camera) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void fetchAll(), QUIET_MS);
    });
    void fetchAll();
    return () => {
      unwatch();
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [camera, startMs, endMs]);

  const isRunning = nowMs < endMs;
  const current = state.key === key ? state : null; // else of the window before
  const grown = useMemo(
    () => current?.track && growTrack(current.track, nowMs, { startMs, endMs }),
    [current?.track, isRunning ? nowMs : 0, startMs, endMs],
  );
  return { track: grown ?? null, error: current?.error ?? null };
}

