// SPDX-License-Identifier: GPL-3.0-or-later

// The one state of the page, fed by the stream of changes. Pages read it by hooks and never poll.

import { getSystem, getCamera, listCameras } from '../api/client';
import { ChangeStream } from '../api/changes';
import { toApiError } from '../api/error';
import type { Camera, Overload } from '../api/types';
import { type CamerasState, type Happening, initialState, reduce } from './cameras';
import { createStore, useStore } from './store';

const HIDDEN_MS = 60_000; // in the background for so long: the connection is given back
const SETTLE_MS = 6000; // rates of a camera are measured over some seconds
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

function setClock(recorderMs: number, ourMs: number): void {
  const offset = recorderMs - ourMs;
  clockOffsetMs = Math.abs(offset) < 2000 ? 0 : offset; // less is the network's doing
}

async function readSystem(): Promise<void> {
  const asked = Date.now();
  const system = await getSystem();
  setClock(Date.parse(system.time), (asked + Date.now()) / 2);
  version.set(system.version);
  overload.set(system.overload);
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
  onHeartbeat: timeMs => setClock(timeMs, Date.now()),
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
