// SPDX-License-Identifier: GPL-3.0-or-later

// The one state of the page, fed by the stream of changes. Pages read it by hooks and never poll. What
// that stream does not tell is asked for now and then: whether the recorder is there at all, since a
// connection may die without a word, and its clock, which may be set.

import { getSystem, getCamera, listCameras } from '../api/client';
import { ChangeStream } from '../api/changes';
import { toApiError } from '../api/error';
import type { Camera, Overload } from '../api/types';
import { type CamerasState, type Happening, initialState, reduce } from './cameras';
import { createStore, useStore } from './store';

const HIDDEN_MS = 60_000; // in the background for so long: the connection is given back
const SETTLE_MS = 6000; // rates of a camera are measured over some seconds
const LOOK_MS = 15_000;
const PATIENCE_MS = 20_000; // who does not answer for so long is not there
const FIRST_CLOCK_MS = 2000;
const RETRY_MS = 5000;

const store = createStore<CamerasState>(initialState);
const recordingWatchers = new Set<(camera: string | null) => void>();
const version = createStore<string | null>(null);
const overload = createStore<Overload>('none');
const settling = new Map<string, number>();
let clockOffsetMs = 0;
let hiddenTimer = 0;

function happen(happening: Happening): void {
  store.set(reduce(store.get(), happening));
}

/** Tells of segments, gaps, events and locks that came, changed or went; null: of any camera. */
export function watchRecordings(watcher: (camera: string | null) => void): () => void {
  recordingWatchers.add(watcher);
  return () => recordingWatchers.delete(watcher);
}

function tellRecording(camera: string | null): void {
  for (const watcher of [...recordingWatchers]) watcher(camera);
}

/** The recorder's wall clock; that of the device may differ. */
export function getNowMs(): number {
  return Date.now() + clockOffsetMs;
}

async function readSystem(signal?: AbortSignal): Promise<void> {
  const asked = Date.now();
  const system = await getSystem(signal);
  const offset = Date.parse(system.time) - (asked + Date.now()) / 2;
  clockOffsetMs = Math.abs(offset) < 2000 ? 0 : offset; // less is the network's doing
  version.set(system.version);
  overload.set(system.overload);
}

async function look(): Promise<void> {
  const abort = new AbortController();
  const patience = window.setTimeout(() => abort.abort(), PATIENCE_MS);
  let isThere = true;
  try {
    await readSystem(abort.signal);
  } catch (thrown) {
    isThere = (toApiError(thrown)?.status ?? 0) > 0;
  }
  window.clearTimeout(patience);
  // A connection that is dead, or one that still waits for a network that was gone.
  if (isThere === (store.get().connection === 'lost')) stream.restart();
}

function lookAgain(): void {
  window.setTimeout(() => {
    if (document.visibilityState === 'visible') void look().then(lookAgain);
    else lookAgain();
  }, LOOK_MS);
}

export async function refetch(): Promise<void> {
  happen({ kind: 'list-asked' });
  try {
    const cameras = await listCameras();
    happen({ kind: 'list-came', cameras });
    for (const camera of cameras) if (camera.status.fps === 0) settle(camera);
  } catch (thrown) {
    happen({ kind: 'list-failed', reason: toApiError(thrown)?.message ?? '' });
    window.setTimeout(() => {
      if (store.get().failure !== null && store.get().connection === 'open') void refetch();
    }, RETRY_MS);
  }
}

/** A change tells the state at once, but the rates are known only later: asked for once. */
function settle(camera: Camera): void {
  if (camera.status.state !== 'streaming' || settling.has(camera.id)) return;
  const timer = window.setTimeout(() => {
    settling.delete(camera.id);
    getCamera(camera.id).then(
      answer => happen({ kind: 'camera', camera: answer.camera }),
      () => undefined, // removed, or not reachable: the stream of changes tells
    );
  }, SETTLE_MS);
  settling.set(camera.id, timer);
}

const stream = new ChangeStream('/api/v1/changes', {
  onFresh() {
    void refetch();
    void readSystem().catch(() => undefined);
    tellRecording(null);
  },
  onOpen: () => happen({ kind: 'opened' }),
  onLost() {
    happen({ kind: 'lost' });
    if (store.get().cameras === null && store.get().failure === null) void refetch();
  },
  onCamera(camera) {
    happen({ kind: 'camera', camera });
    settle(camera);
  },
  onCameraRemoved: id => happen({ kind: 'camera-removed', id }),
  onSegment: segment => tellRecording(segment.camera),
  onGap: gap => tellRecording(gap.camera),
  onEvent: event => tellRecording(event.camera),
  onLock: lock => tellRecording(lock.camera),
  onOverload: value => overload.set(value),
  onRemoved: () => tellRecording(null),
});

function onVisibility(): void {
  window.clearTimeout(hiddenTimer);
  if (document.visibilityState === 'visible') stream.start();
  else hiddenTimer = window.setTimeout(() => stream.stop(), HIDDEN_MS);
}

/** Ends when the recorder's clock is known, or soon: what day it is decides what is shown. */
export async function startState(): Promise<void> {
  stream.start();
  document.addEventListener('visibilitychange', onVisibility);
  lookAgain();
  const soon = new Promise(resolve => window.setTimeout(resolve, FIRST_CLOCK_MS));
  await Promise.race([readSystem().catch(() => undefined), soon]);
}

/** After a change of our own, without waiting for the stream to tell. */
export function noteCamera(camera: Camera): void {
  happen({ kind: 'camera', camera });
}

export function noteRemoved(id: string): void {
  happen({ kind: 'camera-removed', id });
}

const selectState = (state: CamerasState) => state;
const selectConnection = (state: CamerasState) => state.connection;

export function useCameras(): CamerasState {
  return useStore(store, selectState);
}

export function useConnection(): CamerasState['connection'] {
  return useStore(store, selectConnection);
}

const selectVersion = (value: string | null) => value;

export function useVersion(): string | null {
  return useStore(version, selectVersion);
}

const selectOverload = (value: Overload) => value;

export function useOverload(): Overload {
  return useStore(overload, selectOverload);
}
