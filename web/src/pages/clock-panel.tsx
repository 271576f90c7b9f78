// SPDX-License-Identifier: GPL-3.0-or-later

// How the clock was set since the machine was started, and what was recorded before it, of all
// cameras, which can be dated by the clock as it is now. Nothing when it was not set.

import { useState } from 'preact/hooks';
import { correctClock } from '../api/client';
import type { ApiError } from '../api/error';
import type { Clock, ClockStep } from '../api/types';
import { Button } from '../components/button';
import { ConfirmDialog } from '../components/confirm-dialog';
import { Icon } from '../components/icon';
import { Message } from '../components/notice';
import { Spinner } from '../components/player/player-frame';
import { useKeptFocus } from '../components/use-kept-focus';
import { formatDayTime, formatDuration, formatMinute, formatNumber, formatShortDay, formatTime } from '../i18n/format';
import { _ } from '../i18n/text';
import { dayOf } from '../state/day';
import { useAction } from './use-action';
import { useClock } from './use-storage';

const SHOWN = 5;
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g; // as the daemon writes it

// --- words ---

/** Is not torn apart at the end of a line. */
function lengthOf({ seconds }: ClockStep): string {
  const length = Math.abs(seconds);
  const words = length < 10 ? _('{n} s', { n: formatNumber(length, 1) }) : formatDuration(length);
  return words.replaceAll(' ', '\u00a0');
}

function stepWords(step: ClockStep): string {
  const ms = Date.parse(step.time);
  const values = { day: formatShortDay(ms), time: formatMinute(ms), length: lengthOf(step) };
  return step.seconds < 0
    ? _('On {day} at {time} the clock was set back by {length}.', values)
    : _('On {day} at {time} the clock was set forward by {length}.', values);
}

function stateWords(step: ClockStep): string {
  const values = { length: lengthOf(step) };
  if (step.corrected)
    return step.seconds < 0
      ? _('What was recorded before was moved {length} earlier.', values)
      : _('What was recorded before was moved {length} later.', values);
  return step.seconds < 0
    ? _('What was recorded before goes by the old clock, {length} ahead of the new one.', values)
    : _('What was recorded before goes by the old clock, {length} behind the new one.', values);
}

function askingWords(step: ClockStep): string {
  const values = { length: lengthOf(step) };
  return step.seconds < 0 ? _('Move recordings {length} earlier?', values) : _('Move recordings {length} later?', values);
}

/** With its date unless `otherMs` is of the same day. */
function momentWords(ms: number, otherMs: number): string {
  return dayOf(ms).startMs === dayOf(otherMs).startMs ? formatTime(ms) : `${formatShortDay(ms)}, ${formatTime(ms)}`;
}

function refusalWords(error: ApiError): string {
  switch (error.status) {
    case 404:
      return _('The machine was restarted meanwhile: what it recorded before keeps its times.');
    case 413:
      return _('Too much was recorded before the clock was set: it keeps its times.');
    case 503:
      return _('These recordings are still being written. Try again in a few seconds.');
    default:
      return error.message.replace(TIME, time => formatDayTime(Date.parse(time)));
  }
}

function Refusal({ error }: { error: ApiError }) {
  return (
    <Message tone="bad">
      {error.status !== 0 && <strong>{_('The times were not corrected.')}</strong>} {refusalWords(error)}
    </Message>
  );
}

// --- a step ---

interface CorrectDialogProps {
  step: ClockStep;
  isKept: boolean;
  isBusy: boolean;
  error: ApiError | null;
  onConfirm: () => void;
  onClose: () => void;
}

function CorrectDialog({ step, isKept, isBusy, error, onConfirm, onClose }: CorrectDialogProps) {
  const afterMs = Date.parse(step.time);
  const beforeMs = afterMs - step.seconds * 1000;
  return (
    <ConfirmDialog title={askingWords(step)} action={_('Correct times')} isBusy={isBusy} onConfirm={onConfirm} onCancel={onClose}>
      <p>{_('This moves all that the cameras recorded from the start of this machine until its clock was set, with gaps, events and locks.')}</p>
      <p>{_('What is found at {before} now is found at {after} then.', { before: momentWords(beforeMs, afterMs), after: momentWords(afterMs, beforeMs) })}</p>
      <p>{_('Do this if the clock was wrong before and is right now; it cannot be undone.')}</p>
      {!isKept && <Message tone="info">{_('No time server keeps the clock of this machine right: check it first.')}</Message>}
      {error && <Refusal error={error} />}
      {isBusy && <Spinner label={_('Correcting times …')} />}
    </ConfirmDialog>
  );
}

interface StepProps {
  step: ClockStep;
  /** Something that knows the time keeps the clock. */
  isKept: boolean;
  onClock: (clock: Clock) => void;
}

function Step({ step, isKept, onClock }: StepProps) {
  const [isAsking, setAsking] = useState(false);
  const { isBusy, error, act } = useAction();
  const correct = () =>
    void act(
      () => correctClock(step.id),
      clock => {
        setAsking(false);
        onClock(clock);
      },
    );
  return (
    <li class="clock-step">
      <div class="clock-words">
        <h3>{stepWords(step)}</h3>
        <p class="quiet" role="status">
          {stateWords(step)}
        </p>
      </div>
      {step.corrected ? (
        <span class="state state-good">
          <Icon name="check" />
          {_('Corrected')}
        </span>
      ) : isBusy && !isAsking ? (
        <Spinner label={_('Correcting times …')} />
      ) : (
        <Button icon="clock" onClick={() => setAsking(true)}>
          {_('Correct times …')}
        </Button>
      )}
      {error && !isAsking && <Refusal error={error} />}
      {isAsking && <CorrectDialog step={step} isKept={isKept} isBusy={isBusy} error={error} onConfirm={correct} onClose={() => setAsking(false)} />}
    </li>
  );
}

export function ClockPanel() {
  const { answer: clock, setAnswer } = useClock();
  const [isWhole, setWhole] = useState(false);
  const steps = [...(clock?.steps ?? [])].reverse();
  const open = steps.filter(step => !step.corrected).length;
  const { heading, section } = useKeptFocus(open);
  if (clock === null || steps.length === 0) return null;
  return (
    <section class="panel clock" aria-labelledby="clock" {...section}>
      <div class="panel-head">
        <h2 id="clock" ref={heading} tabIndex={-1}>
          {_('Do all recordings have the right times?')}
        </h2>
      </div>
      {open > 0 && <p class="quiet">{_('Times can be corrected until the machine is restarted.')}</p>}
      <ol class="clock-steps">
        {steps.slice(0, isWhole ? undefined : SHOWN).map(step => (
          <Step key={step.id} step={step} isKept={clock.synchronized} onClock={setAnswer} />
        ))}
      </ol>
      {!isWhole && steps.length > SHOWN && <Button onClick={() => setWhole(true)}>{_('Show all {n}', { n: steps.length })}</Button>}
    </section>
  );
}
