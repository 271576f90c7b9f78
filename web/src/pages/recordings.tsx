// SPDX-License-Identifier: GPL-3.0-or-later

// A day of a camera: what is recorded, what is missing and why, and playing from any moment.

import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Nearest } from '../api/client';
import { findNearest } from '../api/client';
import { navigate, noteAddress } from '../app/navigation';
import { type Route, hrefOf } from '../app/router';
import { Button, ButtonLink, IconButton } from '../components/button';
import { Icon } from '../components/icon';
import { Message, Notice } from '../components/notice';
import { PageHead } from '../components/page-head';
import { PlayerFrame, Spinner, type VideoState, useVideo } from '../components/player/player-frame';
import { type RecordingPhase, RecordingPlayer } from '../components/player/recording-player';
import { Timeline, gapWords } from '../components/timeline';
import { formatDay, formatDayTime, formatDuration, formatMoment, formatNumber, formatShare, formatShortDay, formatTime, formatZone } from '../i18n/format';
import { getLocale } from '../i18n/language';
import { _, ngettext } from '../i18n/text';
import { getNowMs, useCameras } from '../state/app-state';
import { sortCameras } from '../state/cameras';
import { type Range, dayOf, parseDateText, parseTimeText, shiftDay, toDateText } from '../state/day';
import { type Missing, type Track, clamp, emptyTrack, extentOf, findGap, followView, gapBetween, moveView, nextRecorded, scaleView, zoomView } from '../state/timeline';
import { causeWords } from '../state/words';
import { EventList } from './day-events';
import { BookmarkDialog, LockDialog, LockList } from './day-locks';
import { DayStrip, findCoverage, useDayStrip } from './day-strip';
import { UnknownCamera } from './not-found';
import { useLocks } from './use-locks';
import { useNow, useTimeline } from './use-timeline';

const HOUR_MS = 3_600_000;
const ZOOMS_MS = [24 * HOUR_MS, 6 * HOUR_MS, HOUR_MS, HOUR_MS / 6];
const RATES = [0.5, 1, 2, 4, 8];
const BEFORE_END_MS = 30_000; // "newest" begins so long before the present
const GAPS_SHOWN = 20;

type RecordingsRoute = Extract<Route, { page: 'recordings' }>;

// --- the player ---

interface Playback {
  phase: RecordingPhase;
  reason: string | null;
  /** Wall time on the screen; null when nothing plays. */
  positionMs: number | null;
  /** What happened that the reader should know. */
  note: string | null;
  nothing: Nearest | null;
}

const idle: Playback = { phase: 'idle', reason: null, positionMs: null, note: null, nothing: null };

function jumpWords(track: Track, fromMs: number, toMs: number): string {
  const gap = gapBetween(track, fromMs, toMs);
  const length = formatDuration((toMs - fromMs) / 1000);
  if (!gap) return _('Skipped {length} without recording.', { length });
  return _('Skipped {length} without recording: {cause}.', { length, cause: causeWords(gap.cause) });
}

function missingWords(ms: number, gap: Missing | null): string {
  const time = formatTime(ms);
  if (!gap) return _('{time}: not recorded', { time });
  return _('Nothing was recorded at {time}: {cause}.', { time, cause: causeWords(gap.cause) });
}

function usePlayback(id: string, video: { current: HTMLVideoElement | null }, track: Track) {
  const [playback, setPlayback] = useState<Playback>(idle);
  const player = useRef<RecordingPlayer | null>(null);
  const newestTrack = useRef(track);
  newestTrack.current = track;

  useEffect(() => {
    if (!video.current) return;
    const change = (part: Partial<Playback>) => setPlayback(before => ({ ...before, ...part }));
    player.current = new RecordingPlayer(video.current, id, {
      onPhase: (phase, reason) => change({ phase, reason }),
      onPosition: positionMs => change({ positionMs }),
      onJump: (fromMs, toMs) => change({ note: jumpWords(newestTrack.current, fromMs, toMs) }),
      onDeleted: fromMs =>
        change({
          note: _('The recording of {time} has been deleted meanwhile; went on with the next one.', { time: formatTime(fromMs) }),
        }),
      onEnd: () => change({ note: _('This is the end of what has been recorded.') }),
      onNothing: nearest => change({ nothing: nearest, positionMs: null }),
    });
    return () => player.current?.close();
  }, [id]);

  const play = useCallback((ms: number, note: string | null = null) => {
    setPlayback(before => ({ ...before, positionMs: ms, note, nothing: null }));
    void player.current?.seek(ms);
  }, []);
  return { playback, play, player };
}

// --- parts of the page ---

function CameraChoice({ id, positionMs }: { id: string; positionMs: number | null }) {
  const { cameras } = useCameras();
  if (!cameras || cameras.size < 2) return null;
  return (
    <label class="camera-choice">
      <span class="visually-hidden">{_('Camera')}</span>
      <select
        class="input"
        value={id}
        onChange={event => navigate({ page: 'recordings', id: event.currentTarget.value, atMs: positionMs })}
      >
        {!cameras.has(id) && <option value={id}>{id}</option>}
        {sortCameras(cameras, getLocale()).map(camera => (
          <option key={camera.id} value={camera.id}>
            {camera.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function DayChoice({ day, today, onDay }: { day: Range; today: Range; onDay: (day: Range) => void }) {
  const isToday = day.startMs === today.startMs;
  const pick = (text: string) => {
    const picked = parseDateText(text);
    if (picked && picked.startMs <= today.startMs) onDay(picked);
  };
  return (
    <div class="day-choice" role="group" aria-label={_('Day')}>
      <IconButton label={_('Previous day')} icon="back" onClick={() => onDay(shiftDay(day, -1))} />
      <input
        class="input"
        type="date"
        aria-label={_('Day')}
        value={toDateText(day.startMs)}
        max={toDateText(today.startMs)}
        onChange={event => pick(event.currentTarget.value)}
      />
      <IconButton label={_('Next day')} icon="forward" isDisabled={isToday} onClick={() => onDay(shiftDay(day, 1))} />
      <Button isDisabled={isToday} onClick={() => onDay(today)}>
        {_('Today')}
      </Button>
    </div>
  );
}

function TimeChoice({ day, onTime }: { day: Range; onTime: (ms: number) => void }) {
  const go = (event: Event) => {
    event.preventDefault();
    const text = new FormData(event.currentTarget as HTMLFormElement).get('time');
    const ms = parseTimeText(day, String(text));
    if (ms !== null) onTime(ms);
  };
  return (
    <form class="time-choice" onSubmit={go}>
      <input class="input" type="time" step="1" name="time" aria-label={_('Time to go to')} required />
      <Button type="submit">{_('Go')}</Button>
    </form>
  );
}

function WallTime({ ms }: { ms: number | null }) {
  if (ms === null) return <span class="wall-time">--:--:--</span>;
  return (
    <time class="wall-time" dateTime={new Date(ms).toISOString()}>
      <span class="wall-date">{formatShortDay(ms)}</span> <b>{formatTime(ms)}</b> <span class="wall-zone">{formatZone(ms)}</span>
    </time>
  );
}

function RateChoice({ rate, onRate }: { rate: number; onRate: (rate: number) => void }) {
  return (
    <label class="rate-choice">
      <span class="visually-hidden">{_('Speed')}</span>
      <select class="input" value={rate} title={_('Speed')} onChange={event => onRate(Number(event.currentTarget.value))}>
        {RATES.map(value => (
          <option key={value} value={value}>
            {formatNumber(value, 1)} ×
          </option>
        ))}
      </select>
    </label>
  );
}

interface GapListProps {
  track: Track;
  day: Range;
  /** What was recorded of the day, also what has been deleted since. */
  share: number | null;
  onPlay: (ms: number) => void;
}

function GapList({ track, day, share, onPlay }: GapListProps) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? track.gaps : track.gaps.slice(0, GAPS_SHOWN);
  return (
    <section class="panel" aria-labelledby="gaps">
      <div class="panel-head">
        <h2 id="gaps">{_('Gaps')}</h2>
        <span class="count">
          {[
            track.gaps.length > 0 && ngettext('{n} gap', '{n} gaps', track.gaps.length),
            share !== null && _('{share} recorded', { share: formatShare(share) }),
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </div>
      {track.gaps.length === 0 && <p class="quiet">{_('Nothing is missing.')}</p>}
      <ol class="gap-list">
        {shown.map(gap => (
          <li key={gap.id}>
            <button type="button" onClick={() => onPlay(gap.startMs - 5000)} title={_('Play from just before')}>
              <span class="gap-time">
                {formatMoment(gap.startMs, day)} – {gap.isOpen ? _('now') : formatMoment(gap.endMs, day)}
              </span>
              <span class="gap-words">{gapWords(gap)}</span>
            </button>
          </li>
        ))}
      </ol>
      {shown.length < track.gaps.length && (
        <Button onClick={() => setWhole(true)}>{_('Show all {n}', { n: track.gaps.length })}</Button>
      )}
    </section>
  );
}

function NearestLinks({ id, nearest }: { id: string; nearest: Nearest }) {
  const { before, after } = nearest;
  if (before === null && after === null) return <p>{_('This camera has no recordings at all yet.')}</p>;
  return (
    <div class="notice-actions">
      {before !== null && (
        <ButtonLink href={hrefOf({ page: 'recordings', id, atMs: Math.max(0, before - BEFORE_END_MS) })} icon="back">
          {_('Earlier: {time}', { time: formatDayTime(before) })}
        </ButtonLink>
      )}
      {after !== null && (
        <ButtonLink href={hrefOf({ page: 'recordings', id, atMs: after })} icon="forward">
          {_('Later: {time}', { time: formatDayTime(after) })}
        </ButtonLink>
      )}
    </div>
  );
}

/** A day without recordings names the nearest that there are. */
function EmptyDay({ id, day }: { id: string; day: Range }) {
  const [nearest, setNearest] = useState<Nearest | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    setNearest(null);
    findNearest(id, day.startMs, day.endMs, abort.signal).then(setNearest, () => undefined);
    return () => abort.abort();
  }, [id, day.startMs]);
  return (
    <Notice title={_('Nothing was recorded on {day}', { day: formatDay(day.startMs) })} icon="film">
      {nearest && <NearestLinks id={id} nearest={nearest} />}
    </Notice>
  );
}

interface OverlayProps {
  id: string;
  playback: Playback;
  state: VideoState;
  isEmpty: boolean;
  isAtPresent: boolean;
  onPlay: () => void;
}

function Overlay({ id, playback, state, isEmpty, isAtPresent, onPlay }: OverlayProps) {
  const { phase, reason, nothing } = playback;
  if (phase === 'failed')
    return (
      <div class="overlay-words" role="status">
        <Icon name="warning" />
        <h2>{_('This cannot be played now')}</h2>
        <p>{reason}</p>
      </div>
    );
  if (nothing)
    return (
      <div class="overlay-words" role="status">
        <Icon name="film" />
        <h2>{_('Nothing is recorded here')}</h2>
        <NearestLinks id={id} nearest={nothing} />
      </div>
    );
  if (phase === 'loading') return <Spinner label={_('Loading …')} />;
  if (phase === 'ready' && state.isWaiting)
    return <Spinner label={isAtPresent ? _('Caught up with the present; waiting for more …') : _('Loading …')} />;
  if (phase === 'idle' && !isEmpty)
    return (
      <button type="button" class="big-play" onClick={onPlay}>
        <Icon name="play" />
        {_('Play, or choose a time below')}
      </button>
    );
  return null;
}

// --- the page ---

/** The closest zoom that shows `extent` with room around it. */
function zoomFor(extent: Range): number {
  const wanted = (extent.endMs - extent.startMs) * 1.5;
  const fitting = ZOOMS_MS.filter(length => length >= wanted && length >= HOUR_MS);
  return Math.max(0, fitting.length - 1);
}

export function RecordingsPage({ id, route }: { id: string; route: RecordingsRoute }) {
  const { cameras } = useCameras();
  const video = useRef<HTMLVideoElement>(null);
  const state = useVideo(video);
  const now = useNow();
  const [day, setDay] = useState<Range>(() => dayOf(route.atMs ?? getNowMs()));
  const [zoom, setZoom] = useState(0);
  const [view, setView] = useState<Range>(day);
  const hasFitted = useRef(false);
  const [rate, setRate] = useState(1);
  const [wantedMs, setWanted] = useState<number | null>(null); // until it is known what is recorded
  const { track, error } = useTimeline(id, day, now);
  const known = track ?? emptyTrack;
  const locks = useLocks(id, day);
  const strip = useDayStrip(id, day, now);
  const [dialog, setDialog] = useState<{ kind: 'bookmark' | 'lock'; ms: number } | null>(null);
  const { playback, play, player } = usePlayback(id, video, known);
  const { positionMs } = playback;
  const lastMs = useRef<number | null>(null); // where the player was
  const isShown = (ms: number) => ms >= view.startMs && ms < view.endMs;

  const showDay = (next: Range, aroundMs = next.startMs) => {
    setDay(next);
    setView(zoomView(next, aroundMs, ZOOMS_MS[zoom] as number));
  };

  /** Plays from `ms`, or from where there is something again; of the present, the newest. */
  const seek = (ms: number, on: Track) => {
    const newest = on.spans[on.spans.length - 1];
    if (!newest) return;
    const isAhead = ms >= newest.endMs && newest.isOpen;
    const start = isAhead ? Math.max(newest.startMs, newest.endMs - BEFORE_END_MS) : (nextRecorded(on, ms) ?? ms);
    noteAddress({ page: 'recordings', id, atMs: start });
    play(start, start - ms > 1000 ? missingWords(ms, findGap(on, ms)) : null);
  };

  const playFromBeginning = () => {
    const last = known.spans[known.spans.length - 1];
    if (!last) return;
    seek(last.isOpen ? last.endMs : (known.spans[0] as Range).startMs, known);
  };

  const goTo = (ms: number) => {
    if (ms < day.startMs || ms >= day.endMs) showDay(dayOf(ms), ms);
    else setView(before => followView(before, day, ms));
    setWanted(ms);
  };

  // An address with a time plays from it, also when one goes back to it.
  useEffect(() => {
    if (route.atMs === null) return;
    showDay(dayOf(route.atMs), route.atMs);
    setWanted(route.atMs);
  }, [route]);

  useEffect(() => {
    if (wantedMs === null || track === null) return;
    setWanted(null);
    seek(wantedMs, track);
  }, [wantedMs, track]);

  // The day and the view follow the player, unless somebody looks elsewhere.
  useEffect(() => {
    const beforeMs = lastMs.current;
    lastMs.current = positionMs;
    if (positionMs === null || state.isPaused) return;
    if (positionMs >= day.endMs) showDay(dayOf(positionMs), positionMs);
    else if (beforeMs === null || isShown(beforeMs)) setView(before => followView(before, day, positionMs));
  }, [positionMs, day]);

  useEffect(() => {
    player.current?.setRate(rate);
  }, [rate]);

  // A day of which little is recorded is shown so that it can be seen, once.
  useEffect(() => {
    const extent = track && extentOf(track);
    if (!extent || hasFitted.current) return;
    hasFitted.current = true;
    const fitting = zoomFor(extent);
    setZoom(fitting);
    setView(zoomView(day, positionMs ?? (extent.startMs + extent.endMs) / 2, ZOOMS_MS[fitting] as number));
  }, [track]);

  const middleMs = positionMs !== null && isShown(positionMs) ? positionMs : (view.startMs + view.endMs) / 2;

  const changeZoom = (by: -1 | 1, stayingMs: number | null = null) => {
    const length = ZOOMS_MS[zoom + by];
    if (length === undefined) return;
    setZoom(zoom + by);
    setView(stayingMs === null ? zoomView(day, middleMs, length) : scaleView(view, day, stayingMs, length));
  };

  /** What is marked where nothing plays must be recorded. */
  const recordedMs = positionMs ?? clamp(middleMs, extentOf(known) ?? view);

  const move = (byMs: number) => setView(before => moveView(before, day, byMs));

  const changeDay = (next: Range) => {
    video.current?.pause();
    showDay(next);
    noteAddress({ page: 'recordings', id, atMs: null });
  };

  // Not drawn anew each second, which would undo what of a date has been typed.
  const today = dayOf(now);
  const dayChoice = useMemo(() => <DayChoice day={day} today={today} onDay={changeDay} />, [day, today.startMs, zoom]);

  const camera = cameras?.get(id);
  if (error?.status === 404 && track === null) return <UnknownCamera id={id} mayHaveRecordings={false} />;
  const isEmpty = track !== null && track.spans.length === 0;
  const name = camera?.name ?? id;

  return (
    <>
      <PageHead
        title={_('Recordings')}
        parent={camera ? { href: hrefOf({ page: 'live', id }), name } : { href: '/', name: _('Cameras') }}
        aside={<CameraChoice id={id} positionMs={positionMs} />}
      />
      {cameras && !camera && (
        <Message tone="info">{_('This camera has been removed; its recordings are kept.')}</Message>
      )}
      {error && <Message tone="bad">{error.message}</Message>}
      {isEmpty && playback.phase === 'idle' && <EmptyDay id={id} day={day} />}
      <div class={`watch${isEmpty && playback.phase === 'idle' ? ' watch-empty' : ''}`}>
        <div class="watch-main">
          <PlayerFrame
            video={video}
            state={state}
            label={_('{name}, recording', { name })}
            overlay={
              <Overlay
                id={id}
                playback={playback}
                state={state}
                isEmpty={isEmpty}
                isAtPresent={positionMs !== null && now - positionMs < BEFORE_END_MS}
                onPlay={playFromBeginning}
              />
            }
            controls={
              <>
                <IconButton label={_('10 seconds back')} icon="skipback" isDisabled={positionMs === null} onClick={() => goTo((positionMs ?? 0) - 10_000)} />
                <IconButton label={_('10 seconds forward')} icon="skipforward" isDisabled={positionMs === null} onClick={() => goTo((positionMs ?? 0) + 10_000)} />
                <IconButton label={_('One frame back')} icon="stepback" isDisabled={positionMs === null} onClick={() => player.current?.step(-1)} />
                <WallTime ms={positionMs} />
                <IconButton label={_('One frame forward')} icon="stepforward" isDisabled={positionMs === null} onClick={() => player.current?.step(1)} />
                <RateChoice rate={rate} onRate={setRate} />
              </>
            }
            onKey={event => {
              if (event.key === ',' || event.key === '.') player.current?.step(event.key === ',' ? -1 : 1);
            }}
            onPlay={() => {
              if (playback.phase === 'idle') playFromBeginning();
              else video.current?.play().catch(() => undefined);
            }}
          />
          <Timeline track={known} locks={locks} view={view} nowMs={now} positionMs={positionMs} label={_('Time of day')} onSeek={goTo} onZoom={changeZoom} onMove={move} />
          <div class="day-bar">
            {dayChoice}
            <TimeChoice key={day.startMs} day={day} onTime={goTo} />
            <div class="day-tools">
              <Button icon="bookmark" isDisabled={positionMs === null} onClick={() => setDialog({ kind: 'bookmark', ms: recordedMs })}>
                {_('Bookmark')}
              </Button>
              <Button icon="lock" isDisabled={known.spans.length === 0} onClick={() => setDialog({ kind: 'lock', ms: recordedMs })}>
                {_('Lock …')}
              </Button>
            </div>
            <div class="zoom" role="group" aria-label={_('Zoom of the timeline')}>
              <IconButton label={_('Show earlier')} icon="earlier" isDisabled={view.startMs <= day.startMs} onClick={() => move((view.startMs - view.endMs) / 2)} />
              <IconButton label={_('Show more time')} icon="zoomout" isDisabled={zoom === 0} onClick={() => changeZoom(-1)} />
              <IconButton label={_('Show less time')} icon="zoomin" isDisabled={zoom === ZOOMS_MS.length - 1} onClick={() => changeZoom(1)} />
              <IconButton label={_('Show later')} icon="later" isDisabled={view.endMs >= day.endMs} onClick={() => move((view.endMs - view.startMs) / 2)} />
            </div>
          </div>
          <DayStrip state={strip} day={day} onDay={changeDay} />
          <p class="player-note" role="status">
            {playback.note}
          </p>
        </div>
        <aside class="watch-side">
          {track !== null && !(isEmpty && track.events.length === 0) && <EventList track={track} title={_('Events')} onPlay={goTo} />}
          <LockList locks={locks} day={day} onPlay={goTo} />
          {track !== null && !(isEmpty && track.gaps.length === 0) && <GapList track={track} day={day} share={findCoverage(strip, day)?.share ?? track.coverage} onPlay={goTo} />}
        </aside>
      </div>
      {dialog?.kind === 'bookmark' && <BookmarkDialog camera={id} ms={dialog.ms} onClose={() => setDialog(null)} />}
      {dialog?.kind === 'lock' && <LockDialog camera={id} aroundMs={dialog.ms} onClose={() => setDialog(null)} />}
    </>
  );
}
