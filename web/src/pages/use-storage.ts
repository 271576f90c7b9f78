// SPDX-License-Identifier: GPL-3.0-or-later

// What lies on the disks and how the clock was set, read when the page begins and when recordings
// came or went since; and how the recordings are, which is asked for every second while they are verified.

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { getClock, getStorage, getVerification } from '../api/client';
import { type ApiError, toApiError } from '../api/error';
import { watchRecordings } from '../state/app-state';

const QUIET_MS = 2000;
const RUNNING_MS = 1000;

/** What `get` answers, how to ask again, and how to put a newer answer in its place. */
function useAnswer<Answer>(get: (signal: AbortSignal) => Promise<Answer>) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const reader = useRef(() => {});
  const again = useCallback(() => reader.current(), []);
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    const read = () => {
      timer = 0;
      get(abort.signal).then(
        newest => {
          setAnswer(newest);
          setError(null);
        },
        thrown => setError(toApiError(thrown)),
      );
    };
    reader.current = read;
    const unwatch = watchRecordings(() => {
      if (timer === 0) timer = window.setTimeout(read, QUIET_MS);
    });
    read();
    return () => {
      unwatch();
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [get]);
  return { answer, error, again, setAnswer };
}

export const useStorage = () => useAnswer(getStorage);
export const useClock = () => useAnswer(getClock);

export function useVerification() {
  const { answer: verification, error, again } = useAnswer(getVerification);
  useEffect(() => {
    if (verification?.state !== 'running') return;
    const timer = window.setTimeout(again, RUNNING_MS); // from the answer on, which may take longer than that
    return () => window.clearTimeout(timer);
  }, [verification, error]);
  return { verification, error, again };
}
