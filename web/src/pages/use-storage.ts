// SPDX-License-Identifier: GPL-3.0-or-later

// What lies on the disks and how the clock was set, read when the page begins and when recordings
// came or went since; and a verification, which is asked for once a second while it runs.

import { useCallback, useEffect, useState } from 'preact/hooks';
import { getClock, getStorage, getVerification } from '../api/client';
import { type ApiError, toApiError } from '../api/error';
import type { Verification } from '../api/types';
import { watchRecordings } from '../state/app-state';

const QUIET_MS = 2000;
const RUNNING_MS = 1000;

/** What `get` answers, and how to put a newer answer in its place. */
function useAnswer<Answer>(get: (signal: AbortSignal) => Promise<Answer>) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
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
  return { answer, error, setAnswer };
}

export const useStorage = () => useAnswer(getStorage);
export const useClock = () => useAnswer(getClock);

export function useVerification() {
  const [verification, setVerification] = useState<Verification | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn(before => before + 1), []);
  const isRunning = verification?.state === 'running';
  useEffect(() => {
    const abort = new AbortController();
    getVerification(abort.signal).then(setVerification, thrown => setError(toApiError(thrown)));
    const timer = isRunning ? window.setTimeout(again, RUNNING_MS) : 0;
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [turn, isRunning]);
  return { verification, error, again };
}
