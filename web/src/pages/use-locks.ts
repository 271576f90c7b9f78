// SPDX-License-Identifier: GPL-3.0-or-later

// What is locked of a camera in a window; asked for anew when the stream of changes tells.

import { useEffect, useState } from 'preact/hooks';
import { listLocks } from '../api/client';
import { watchRecordings } from '../state/app-state';
import type { Range } from '../state/day';
import { type LockedRange, readLock } from '../state/timeline';

const QUIET_MS = 300;
const none: readonly LockedRange[] = [];

export function useLocks(camera: string, { startMs, endMs }: Range): readonly LockedRange[] {
  const [locks, setLocks] = useState(none);
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    setLocks(none);
    const read = () => {
      listLocks(camera, startMs, endMs, abort.signal).then(
        list => setLocks(list.map(readLock)),
        () => undefined, // what is recorded is shown all the same
      );
    };
    const unwatch = watchRecordings(changed => {
      if (changed !== null && changed !== camera) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(read, QUIET_MS);
    });
    read();
    return () => {
      unwatch();
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [camera, startMs, endMs]);
  return locks;
}
