// SPDX-License-Identifier: GPL-3.0-or-later

// What happened on a day, as a list: a click plays it.

import { useState } from 'preact/hooks';
import { removeEvent } from '../api/client';
import { toApiError } from '../api/error';
import { Button, IconButton } from '../components/button';
import { Icon } from '../components/icon';
import { Message } from '../components/notice';
import { markWords } from '../components/timeline';
import { useKeptFocus } from '../components/use-kept-focus';
import { formatDuration, formatTime } from '../i18n/format';
import { _ } from '../i18n/text';
import type { Mark, Track } from '../state/timeline';

const SHOWN = 20;
const LEAD_MS = 3000; // one sees how it came to it

function lengthWords(event: Mark): string {
  if (event.isOpen) return _('goes on');
  return event.endMs > event.startMs ? formatDuration((event.endMs - event.startMs) / 1000) : '';
}

interface RowProps {
  event: Mark;
  onPlay: (ms: number) => void;
  onError: (reason: string | null) => void;
}

function Row({ event, onPlay, onError }: RowProps) {
  const [isBusy, setBusy] = useState(false);
  const remove = () => {
    setBusy(true);
    onError(null);
    // It goes from the list when the stream of changes tells.
    removeEvent(event.id).catch(thrown => {
      setBusy(false);
      onError(toApiError(thrown)?.message ?? null);
    });
  };
  return (
    <li class="event-row">
      <button type="button" onClick={() => onPlay(event.startMs - (event.kind === 'bookmark' ? 0 : LEAD_MS))} title={_('Play')}>
        <span class={`event-icon mark-${event.kind}`}>
          <Icon name={event.kind === 'bookmark' ? 'bookmark' : event.kind === 'manual' ? 'record' : 'event'} />
        </span>
        <span>
          <span class="gap-time">{formatTime(event.startMs)}</span> <span class="gap-words">{lengthWords(event)}</span>
          <span class="event-words">{markWords(event)}</span>
        </span>
      </button>
      {event.kind === 'bookmark' && (
        <IconButton label={_('Remove the bookmark of {time}', { time: formatTime(event.startMs) })} icon="trash" isDisabled={isBusy} onClick={remove} />
      )}
    </li>
  );
}

interface EventListProps {
  track: Track;
  title: string;
  /** So many are shown at first. */
  most?: number;
  onPlay: (ms: number) => void;
}

export function EventList({ track: { events, hasMoreEvents }, title, most = SHOWN, onPlay }: EventListProps) {
  const [isWhole, setWhole] = useState(false);
  const [reason, setReason] = useState<string | null>(null);
  const { heading, section } = useKeptFocus(events.length);
  const newestFirst = [...events].sort((a, b) => b.startMs - a.startMs);
  const shown = isWhole ? newestFirst : newestFirst.slice(0, most);
  return (
    <section class="panel events" aria-labelledby="events" {...section}>
      <div class="panel-head">
        <h2 id="events" ref={heading} tabIndex={-1}>{title}</h2>
        {events.length > 0 && <span class="count">{events.length}</span>}
      </div>
      {reason !== null && <Message tone="bad">{reason}</Message>}
      {hasMoreEvents && <p class="quiet">{_('There were too many on this day to show them all.')}</p>}
      {events.length === 0 && <p class="quiet">{_('Nothing was reported on this day.')}</p>}
      <ol class="gap-list">
        {shown.map(event => (
          <Row key={event.id} event={event} onPlay={onPlay} onError={setReason} />
        ))}
      </ol>
      {shown.length < events.length && <Button onClick={() => setWhole(true)}>{_('Show all {n}', { n: events.length })}</Button>}
    </section>
  );
}
