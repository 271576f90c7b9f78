// SPDX-License-Identifier: GPL-3.0-or-later

// What the page knows of the cameras, as a pure function of what it hears: lists that it asked
// for, and changes. A list can be older than a change that came while it was under way, so the
// change wins.

import type { Camera } from '../api/types';

export type Connection = 'connecting' | 'open' | 'lost';

export interface CamerasState {
  connection: Connection;
  /** Null until the first list has come. */
  cameras: ReadonlyMap<string, Camera> | null;
  /** Why there is no list, in words. */
  failure: string | null;
  /** What changed while a list is under way, null for what was removed; null when none is. */
  newer: ReadonlyMap<string, Camera | null> | null;
}

export type Happening =
  | { kind: 'opened' }
  | { kind: 'lost' }
  | { kind: 'list-asked' }
  | { kind: 'list-came'; cameras: readonly Camera[] }
  | { kind: 'list-failed'; reason: string }
  | { kind: 'camera'; camera: Camera }
  | { kind: 'camera-removed'; id: string };

export const initialState: CamerasState = {
  connection: 'connecting',
  cameras: null,
  failure: null,
  newer: null,
};

function apply(
  cameras: Map<string, Camera>,
  changes: Iterable<readonly [string, Camera | null]>,
): ReadonlyMap<string, Camera> {
  for (const [id, camera] of changes) {
    if (camera) cameras.set(id, camera);
    else cameras.delete(id);
  }
  return cameras;
}

function change(state: CamerasState, id: string, camera: Camera | null): CamerasState {
  const changes = [[id, camera]] as const;
  return {
    ...state,
    cameras: state.cameras && apply(new Map(state.cameras), changes),
    newer: state.newer && new Map([...state.newer, ...changes]),
  };
}

export function reduce(state: CamerasState, happening: Happening): CamerasState {
  switch (happening.kind) {
    case 'opened':
      return { ...state, connection: 'open' };
    case 'lost':
      return { ...state, connection: 'lost' };
    case 'list-asked':
      return { ...state, newer: new Map() };
    case 'list-came': {
      const list = new Map(happening.cameras.map(camera => [camera.id, camera]));
      return { ...state, cameras: apply(list, state.newer ?? []), failure: null, newer: null };
    }
    case 'list-failed':
      return { ...state, failure: happening.reason, newer: null };
    case 'camera':
      return change(state, happening.camera.id, happening.camera);
    case 'camera-removed':
      return change(state, happening.id, null);
  }
}

/** By name, as people sort: Camera 2 before Camera 10. */
export function sortCameras(cameras: ReadonlyMap<string, Camera>, locale: string): Camera[] {
  const collator = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
  return [...cameras.values()].sort(
    (a, b) => collator.compare(a.name, b.name) || (a.id < b.id ? -1 : 1),
  );
}
