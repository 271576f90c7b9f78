// SPDX-License-Identifier: GPL-3.0-or-later

// A camera as it is now, and its recordings of today.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { Camera } from '../api/types';
import { navigate } from '../app/navigation';
import { hrefOf } from '../app/router';
import { ButtonLink } from '../components/button';
import { CameraState, RetryCountdown } from '../components/camera-state';
import { Icon } from '../components/icon';
import { Message } from '../components/notice';
import { PageHead } from '../components/page-head';
import { type LivePhase, LivePlayer } from '../components/player/live-player';
import { PlayerFrame, Spinner, useVideo } from '../components/player/player-frame';
import { Snapshot } from '../components/snapshot';
import { Timeline } from '../components/timeline';
import { formatBitrate, formatCodec, formatRate, formatShare } from '../i18n/format';
import { _ } from '../i18n/text';
import { useCameras } from '../state/app-state';
import { dayOf } from '../state/day';
import { emptyTrack } from '../state/timeline';
import { hasPicture, isPlayable, recordWords, stateWords } from '../state/words';
import { ByHand } from './by-hand';
import { EventList } from './day-events';
import { UnknownCamera } from './not-found';
import { useNow, useTimeline } from './use-timeline';

const BACKDROP_HEIGHT = 720;
const BACKDROP_EVERY_MS = 3_600_000; // once: it only stands in until there is a picture
const STILLS_EVERY_MS = 1500;
const NEWEST_EVENTS = 5;

/** Why there is no picture, over the place where it would be. */
function NotStreaming({ camera }: { camera: Camera }) {
  const { status } = camera;
  if (!camera.enabled)
    return (
      <div class="overlay-words" role="status">
        <Icon name="off" />
        <h2>{_('This camera is switched off')}</h2>
        <a href={hrefOf({ page: 'edit', id: camera.id })}>{_('Change its settings')}</a>
      </div>
    );
  return (
    <div class="overlay-words" role="status">
      <Icon name={status.state === 'auth-failed' ? 'key' : 'unlink'} />
      <h2>{stateWords(camera)}</h2>
      {status.reason !== null && <p>{status.reason}</p>}
      <p aria-live="off">
        <RetryCountdown at={status.retry_at} />
      </p>
    </div>
  );
}

/** Pictures one by one, for what the browser cannot decode. */
function LiveStills({ camera }: { camera: Camera }) {
  return (
    <>
      <section class="player" aria-label={_('{name}, pictures', { name: camera.name })}>
        <div class="player-picture">
          <Snapshot camera={camera.id} height={BACKDROP_HEIGHT} everyMs={STILLS_EVERY_MS} since={camera.status.since} isActive alt={_('{name} now', { name: camera.name })} />
        </div>
      </section>
      <Message tone="info">
        {_('This browser cannot play {codec} video, so you see single pictures. The camera is recorded as it is; a browser or player that knows {codec} plays it, or set the camera to H.264.', {
          codec: formatCodec(camera.status.video_codec ?? ''),
        })}
      </Message>
    </>
  );
}

function LiveVideo({ camera }: { camera: Camera }) {
  const video = useRef<HTMLVideoElement>(null);
  const player = useRef<LivePlayer | null>(null);
  const [{ phase, reason }, setPhase] = useState<{ phase: LivePhase; reason: string | null }>({ phase: 'connecting', reason: null });
  const state = useVideo(video);
  const isStreaming = camera.status.state === 'streaming';

  useEffect(() => {
    if (!video.current || !isStreaming) return;
    player.current = new LivePlayer(video.current, camera.id, {
      onPhase: (next, why) => setPhase({ phase: next, reason: why }),
    });
    return () => {
      player.current?.close();
      player.current = null;
    };
  }, [camera.id, isStreaming]);

  let overlay = null;
  if (camera.status.state === 'connecting') overlay = <Spinner label={_('Connecting to the camera …')} />;
  else if (!isStreaming) overlay = <NotStreaming camera={camera} />;
  else if (phase === 'failed')
    overlay = (
      <div class="overlay-words" role="status">
        <Icon name="unlink" />
        <h2>{_('No live picture')}</h2>
        <p>{reason}</p>
      </div>
    );
  else if (phase === 'connecting' || state.isWaiting) overlay = <Spinner label={_('Waiting for the picture …')} />;

  return (
    <PlayerFrame
      video={video}
      state={state}
      label={_('{name}, live', { name: camera.name })}
      backdrop={
        !state.hasPicture && (
          <Snapshot camera={camera.id} height={BACKDROP_HEIGHT} everyMs={BACKDROP_EVERY_MS} since={camera.status.since} isActive={hasPicture(camera.status)} alt="" />
        )
      }
      overlay={overlay}
      controls={
        isStreaming && phase === 'playing' && !state.isPaused ? (
          <span class="live-mark">{_('Live')}</span>
        ) : (
          <span class="live-mark live-mark-off">{isStreaming && state.isPaused ? _('Paused') : _('Live')}</span>
        )
      }
      onPlay={() => player.current?.resume()}
    />
  );
}

function LiveFacts({ camera }: { camera: Camera }) {
  const { status } = camera;
  const rows: [string, string][] = [];
  if (status.video_codec !== null) {
    const size = status.width > 0 ? ` · ${status.width} × ${status.height}` : '';
    const rate = status.fps > 0 ? ` · ${formatRate(status.fps)}` : '';
    rows.push([_('Video'), formatCodec(status.video_codec) + size + rate]);
    rows.push([_('Sound'), status.audio_codec === null ? _('none') : formatCodec(status.audio_codec)]);
  }
  if (status.bitrate > 0) rows.push([_('Bit rate'), formatBitrate(status.bitrate)]);
  rows.push([_('Recording'), recordWords(camera.record)]);
  return (
    <dl class="facts-list">
      {rows.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Today({ camera }: { camera: Camera }) {
  const now = useNow(5000);
  const today = dayOf(now);
  const { track, error } = useTimeline(camera.id, today, now);
  const { id } = camera;
  const playFrom = (ms: number) => navigate({ page: 'recordings', id, atMs: ms });
  return (
    <>
      <section class="panel" aria-labelledby="today">
        <div class="panel-head">
          <h2 id="today">{_('Recorded today')}</h2>
          {track !== null && track.coverage !== null && <span class="count">{formatShare(track.coverage)}</span>}
        </div>
        {error !== null && track === null ? (
          <Message tone="bad">{error.message}</Message>
        ) : (
          <Timeline
            track={track ?? emptyTrack}
            view={today}
            nowMs={now}
            positionMs={null}
            label={_('Play from a time of today')}
            onSeek={playFrom}
          />
        )}
      </section>
      {track !== null && track.events.length > 0 && <EventList track={track} title={_('Events of today')} most={NEWEST_EVENTS} onPlay={playFrom} />}
    </>
  );
}

export function LivePage({ id }: { id: string }) {
  const { cameras, failure } = useCameras();
  const camera = cameras?.get(id);
  if (!camera) {
    if (cameras !== null) return <UnknownCamera id={id} mayHaveRecordings />;
    return failure === null ? <Spinner label={_('Loading …')} /> : <Message tone="bad">{failure}</Message>;
  }
  return (
    <>
      <PageHead
        title={camera.name}
        parent={{ href: '/', name: _('Cameras') }}
        aside={<CameraState camera={camera} />}
        actions={
          <>
            <ButtonLink href={hrefOf({ page: 'recordings', id, atMs: null })} icon="film">
              {_('Recordings')}
            </ButtonLink>
            <ButtonLink href={hrefOf({ page: 'edit', id })} icon="pencil">
              {_('Settings')}
            </ButtonLink>
          </>
        }
      />
      <div class="watch">
        <div class="watch-main">{isPlayable(camera) ? <LiveVideo camera={camera} /> : <LiveStills camera={camera} />}</div>
        <aside class="watch-side">
          <ByHand camera={camera} />
          <Today camera={camera} />
          <LiveFacts camera={camera} />
        </aside>
      </div>
    </>
  );
}
