// SPDX-License-Identifier: GPL-3.0-or-later

// Bookmarks at the playhead, and ranges of a day that are locked, so that they are never deleted
// to make room.

import { useState } from 'preact/hooks';
import { addBookmark, addLock, removeLock } from '../api/client';
import { fieldOf } from '../api/error';
import { IconButton } from '../components/button';
import { ConfirmDialog } from '../components/confirm-dialog';
import { Field, SelectField, TextField, describedBy } from '../components/field';
import { Icon } from '../components/icon';
import { Message } from '../components/notice';
import { useKeptFocus } from '../components/use-kept-focus';
import { formatMoment, formatShortDay, formatTime } from '../i18n/format';
import { _, ngettext } from '../i18n/text';
import { getNowMs } from '../state/app-state';
import { type Range, parseMomentText, toMomentText } from '../state/day';
import type { LockedRange } from '../state/timeline';
import { useAction } from './use-action';

const DAY_MS = 86_400_000;
const AROUND_MS = 60_000; // what a lock at the playhead begins with, before and after it
const EXPIRIES = ['0', '30', '90', '365'] as const;

// --- bookmarks ---

export function BookmarkDialog({ camera, ms, onClose }: { camera: string; ms: number; onClose: () => void }) {
  const [title, setTitle] = useState('');
  const { isBusy, error, act } = useAction();
  return (
    <ConfirmDialog
      title={_('Bookmark at {time}', { time: formatTime(ms) })}
      action={_('Add bookmark')}
      kind="primary"
      isBusy={isBusy}
      onConfirm={() => void act(() => addBookmark(camera, ms, title.trim()), onClose)}
      onCancel={onClose}
    >
      <TextField id="bookmark-title" label={_('What is to be seen')} value={title} maxLength={200} error={error?.message} onInput={setTitle} />
    </ConfirmDialog>
  );
}

// --- locks ---

function MomentField({ id, label, value, error, onInput }: { id: string; label: string; value: string; error?: string | undefined; onInput: (value: string) => void }) {
  return (
    <Field id={id} label={label} error={error}>
      <input id={id} class="input" type="datetime-local" step="1" value={value} aria-invalid={error ? 'true' : undefined} aria-describedby={describedBy(id, undefined, error)} onInput={event => onInput(event.currentTarget.value)} />
    </Field>
  );
}

function expiryWords(days: number): string {
  if (days === 0) return _('until it is unlocked');
  return days === 365 ? _('for a year') : ngettext('for {n} day', 'for {n} days', days);
}

interface LockDialogProps {
  camera: string;
  /** What the range is laid around. */
  aroundMs: number;
  onClose: () => void;
}

export function LockDialog({ camera, aroundMs, onClose }: LockDialogProps) {
  const [from, setFrom] = useState(toMomentText(aroundMs - AROUND_MS));
  const [to, setTo] = useState(toMomentText(aroundMs + AROUND_MS));
  const [reason, setReason] = useState('');
  const [expiry, setExpiry] = useState<(typeof EXPIRIES)[number]>('0');
  const [problem, setProblem] = useState<{ field: 'end' | 'reason'; words: string } | null>(null);
  const { isBusy, error, act } = useAction();
  const wrong = fieldOf(error?.pointer ?? null);
  const errorOf = (field: string) => {
    if (problem) return problem.field === field ? problem.words : undefined;
    return wrong === field ? error?.message : undefined;
  };
  const refuse = (field: 'end' | 'reason', id: string, words: string) => {
    setProblem({ field, words });
    document.getElementById(id)?.focus();
  };
  const lock = () => {
    const [startMs, endMs] = [parseMomentText(from), parseMomentText(to)];
    if (startMs === null || endMs === null || startMs >= endMs) return refuse('end', 'lock-to', _('The end must be later than the beginning.'));
    if (reason.trim() === '') return refuse('reason', 'lock-reason', _('Say why, for whoever wonders later.'));
    setProblem(null);
    const expiresMs = expiry === '0' ? null : getNowMs() + Number(expiry) * DAY_MS;
    void act(() => addLock(camera, { startMs, endMs, reason: reason.trim(), expiresMs }), onClose);
  };
  const isElsewhere = error && !problem && !['start', 'end', 'reason', 'expires'].includes(wrong ?? '');
  return (
    <ConfirmDialog title={_('Lock recordings')} action={_('Lock')} kind="primary" isBusy={isBusy} onConfirm={lock} onCancel={onClose}>
      <p>{_('What is locked is not deleted, however full the disk is.')}</p>
      {isElsewhere && <Message tone="bad">{error.message}</Message>}
      <div class="form-pair">
        <MomentField id="lock-from" label={_('From')} value={from} error={errorOf('start')} onInput={setFrom} />
        <MomentField id="lock-to" label={_('To')} value={to} error={errorOf('end')} onInput={setTo} />
      </div>
      <TextField id="lock-reason" label={_('Reason')} value={reason} maxLength={200} error={errorOf('reason')} onInput={setReason} />
      <SelectField
        id="lock-expiry"
        label={_('For how long')}
        value={expiry}
        options={EXPIRIES.map(days => ({ value: days, label: expiryWords(Number(days)) }))}
        error={errorOf('expires')}
        onChange={setExpiry}
      />
    </ConfirmDialog>
  );
}

function UnlockDialog({ lock, onClose }: { lock: LockedRange; onClose: () => void }) {
  const { isBusy, error, act } = useAction();
  return (
    <ConfirmDialog
      title={_('Unlock “{reason}”?', { reason: lock.reason })}
      action={_('Unlock')}
      isBusy={isBusy}
      onConfirm={() => void act(() => removeLock(lock.id), onClose)}
      onCancel={onClose}
    >
      {error && <Message tone="bad">{error.message}</Message>}
      <p>{_('It is then deleted like any other recording when its time comes or room is needed.')}</p>
    </ConfirmDialog>
  );
}

interface LockListProps {
  locks: readonly LockedRange[];
  day: Range;
  onPlay: (ms: number) => void;
}

export function LockList({ locks, day, onPlay }: LockListProps) {
  const [unlocking, setUnlocking] = useState<LockedRange | null>(null);
  const { heading, section } = useKeptFocus(locks.length);
  if (locks.length === 0) return null;
  return (
    <section class="panel locks" aria-labelledby="locks" {...section}>
      <div class="panel-head">
        <h2 id="locks" ref={heading} tabIndex={-1}>{_('Locked')}</h2>
        <span class="count">{locks.length}</span>
      </div>
      <ol class="gap-list">
        {locks.map(lock => (
          <li key={lock.id} class="event-row">
            <button type="button" onClick={() => onPlay(Math.max(lock.startMs, day.startMs))} title={_('Play')}>
              <span class="event-icon">
                <Icon name="lock" />
              </span>
              <span>
                <span class="gap-time">
                  {formatMoment(lock.startMs, day)} – {formatMoment(lock.endMs, day)}
                </span>
                <span class="event-words">{lock.reason}</span>
                {lock.expiresMs !== null && <span class="gap-words">{_('until {day}', { day: formatShortDay(lock.expiresMs) })}</span>}
              </span>
            </button>
            <IconButton label={_('Unlock “{reason}”', { reason: lock.reason })} icon="unlock" onClick={() => setUnlocking(lock)} />
          </li>
        ))}
      </ol>
      {unlocking && <UnlockDialog lock={unlocking} onClose={() => setUnlocking(null)} />}
    </section>
  );
}
