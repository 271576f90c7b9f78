// SPDX-License-Identifier: GPL-3.0-or-later

// hls.js, fetched only when something is to be played, and its errors in our terms.

import type { ErrorData } from 'hls.js';
import type HlsClass from 'hls.js';
import { ApiError, type Problem, parseRetryAfter } from '../../api/error';

export type { HlsClass };

let loading: Promise<typeof HlsClass> | null = null;

/** Rejects when the file cannot be had; the next call tries again. */
export function loadHls(): Promise<typeof HlsClass> {
  loading ??= import('hls.js/light').then(module => module.default);
  loading.catch(() => {
    loading = null;
  });
  return loading;
}

function parseProblem(text: string): Problem | null {
  try {
    const body: unknown = JSON.parse(text);
    return typeof (body as Problem | null)?.type === 'string' ? (body as Problem) : null;
  } catch {
    return null;
  }
}

/** What the daemon answered to a request of hls.js; null when the error is no such answer. */
export function readHlsError(data: ErrorData): ApiError | null {
  if (data.type !== 'networkError') return null;
  const request: unknown = data.networkDetails;
  if (!(request instanceof XMLHttpRequest)) return new ApiError(data.response?.code ?? 0, null);
  const isText = request.responseType === '' || request.responseType === 'text';
  const problem = isText ? parseProblem(request.responseText) : null;
  const retryAfter = request.status === 0 ? null : request.getResponseHeader('Retry-After');
  return new ApiError(request.status, problem, parseRetryAfter(retryAfter, Date.now()));
}

/** Whether the browser plays HLS by itself; asked only where Media Source Extensions lack. */
export function playsNatively(video: HTMLVideoElement): boolean {
  return video.canPlayType('application/vnd.apple.mpegurl') !== '';
}
