// SPDX-License-Identifier: GPL-3.0-or-later

// The stream of server-sent events that keeps the page up to date. EventSource reconnects and
// resumes by itself; what it gives up on (an answer that is an error) is started anew here, with
// growing pauses. Nobody is told anything while the page has long been in the background, since
// a browser has few connections to give; it catches up when it is looked at again.

import type { Camera, CameraEvent, Gap, Lock, Overload, Segment } from './types';

export interface ChangeHandlers {
  /** A connection that does not continue an earlier one: what happened before is unknown. */
  onFresh(): void;
  /** The connection is there again, or still is. */
  onOpen(): void;
  onLost(): void;
  onCamera(camera: Camera): void;
  onCameraRemoved(id: string): void;
  onSegment(segment: Segment): void;
  onGap(gap: Gap): void;
  onEvent(event: CameraEvent): void;
  onLock(lock: Lock): void;
  onOverload(overload: Overload): void;
  /** The recorder's clock, each 15 s. */
  onHeartbeat(timeMs: number): void;
  /** A segment, gap, event or lock is no more; of which camera is not told. */
  onRemoved(): void;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const SILENCE_MS = 40_000; // heartbeats come each 15 s
const CLOSED = 2; // EventSource.CLOSED

/** What comes behind the n-th failure in a row (n from 0), before chance is added. */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10));
}

type Opener = (url: string) => EventSource;

export class ChangeStream {
  readonly #url: string;
  readonly #handlers: ChangeHandlers;
  readonly #open: Opener;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #isFresh = true;

  constructor(url: string, handlers: ChangeHandlers, open: Opener = u => new EventSource(u)) {
    this.#url = url;
    this.#handlers = handlers;
    this.#open = open;
  }

  start(): void {
    if (this.#source !== null || this.#timer !== null) return;
    this.#isFresh = true;
    this.#connect();
  }

  stop(): void {
    this.#source?.close();
    this.#source = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    clearTimeout(this.#silence);
  }

  /** Whom nothing is heard of for long is gone without a word, or waits for a network that was gone. */
  #watch(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.stop();
      this.#handlers.onLost();
      this.start();
    }, SILENCE_MS);
  }

  #connect(): void {
    const source = this.#open(this.#url);
    this.#source = source;
    this.#watch();
    source.onopen = () => this.#onOpen();
    source.onerror = () => this.#onError(source);
    source.addEventListener('reset', () => this.#handlers.onFresh());
    this.#listen<Camera>(source, 'camera', camera => this.#handlers.onCamera(camera));
    this.#listen<{ id: string }>(source, 'camera-removed', ({ id }) => this.#handlers.onCameraRemoved(id));
    this.#listen<Segment>(source, 'segment', segment => this.#handlers.onSegment(segment));
    this.#listen<Gap>(source, 'gap', gap => this.#handlers.onGap(gap));
    this.#listen<CameraEvent>(source, 'event', event => this.#handlers.onEvent(event));
    this.#listen<Lock>(source, 'lock', lock => this.#handlers.onLock(lock));
    this.#listen<{ time: string }>(source, 'heartbeat', ({ time }) => this.#handlers.onHeartbeat(Date.parse(time)));
    this.#listen<{ overload: Overload }>(source, 'overload', ({ overload }) => this.#handlers.onOverload(overload));
    for (const type of ['segment-removed', 'gap-removed', 'event-removed', 'lock-removed'])
      source.addEventListener(type, () => this.#handlers.onRemoved());
  }

  #listen<Data>(source: EventSource, type: string, handler: (data: Data) => void): void {
    source.addEventListener(type, event => {
      this.#watch();
      handler(JSON.parse((event as MessageEvent<string>).data) as Data);
    });
  }

  #onOpen(): void {
    this.#failures = 0;
    this.#watch();
    this.#handlers.onOpen();
    if (this.#isFresh) this.#handlers.onFresh();
    this.#isFresh = false;
  }

  #onError(source: EventSource): void {
    this.#handlers.onLost();
    if (source.readyState !== CLOSED) return; // it tries again by itself, and resumes
    source.close();
    this.#source = null;
    clearTimeout(this.#silence);
    this.#isFresh = true;
    const pause = pauseAfter(this.#failures++) * (1 + Math.random() / 4);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#connect();
    }, pause);
  }
}
