// SPDX-License-Identifier: GPL-3.0-or-later

// One kind of error for all that can go wrong between page and daemon: no answer at all, or a
// problem as RFC 9457 has it.

import { _ } from '../i18n/text';

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  /** The place in the request body at fault, RFC 6901. */
  pointer?: string;
  [member: string]: unknown;
}

const TYPE_PREFIX = 'urn:potoo:error:';

export class ApiError extends Error {
  /** 0 when there was no answer. */
  readonly status: number;
  /** `not-found`, `unavailable`, …; `unreachable` when there was no answer. */
  readonly type: string;
  readonly problem: Problem | null;
  /** Seconds after which to try again, if the answer says so. */
  readonly retryAfter: number | null;

  constructor(status: number, problem: Problem | null, retryAfter: number | null = null) {
    super(describe(status, problem));
    this.name = 'ApiError';
    this.status = status;
    this.type = problem?.type.replace(TYPE_PREFIX, '') ?? (status === 0 ? 'unreachable' : 'failed');
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  get pointer(): string | null {
    return this.problem?.pointer ?? null;
  }
}

function describe(status: number, problem: Problem | null): string {
  if (status === 0) return _('Potoo does not answer. Is it running, and is this device connected?');
  if (status === 412)
    return _('Someone else changed this camera in the meantime. Load the page again to see how it is now.');
  return problem?.detail || problem?.title || _('Potoo answered with status {status}.', { status });
}

/** Seconds in Retry-After, which may also be a date. */
export function parseRetryAfter(field: string | null, nowMs: number): number | null {
  if (field === null) return null;
  if (/^\d+$/.test(field.trim())) return Number(field);
  const date = Date.parse(field);
  return Number.isNaN(date) ? null : Math.max(0, (date - nowMs) / 1000);
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && typeof (body as Problem).type === 'string';
}

export async function readError(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const retryAfter = parseRetryAfter(response.headers.get('Retry-After'), Date.now());
  return new ApiError(response.status, isProblem(body) ? body : null, retryAfter);
}

/** `/name` → `name`: the member of the body at its top level. */
export function fieldOf(pointer: string | null): string | null {
  if (!pointer?.startsWith('/')) return null;
  const first = pointer.slice(1).split('/')[0] ?? '';
  return first.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Whatever was thrown, as an ApiError; null for what was given up on purpose. */
export function toApiError(thrown: unknown): ApiError | null {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'AbortError') return null;
  return new ApiError(0, null);
}
