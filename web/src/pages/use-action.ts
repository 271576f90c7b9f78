// SPDX-License-Identifier: GPL-3.0-or-later

// Doing something that takes a while and may be refused.

import { useState } from 'preact/hooks';
import { type ApiError, toApiError } from '../api/error';

export function useAction() {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const act = async <Result>(action: () => Promise<Result>, onDone: (result: Result) => void) => {
    setBusy(true);
    setError(null);
    try {
      onDone(await action());
    } catch (thrown) {
      setError(toApiError(thrown));
    }
    setBusy(false);
  };
  return { isBusy, error, act };
}
