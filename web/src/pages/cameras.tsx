// SPDX-License-Identifier: GPL-3.0-or-later

// All cameras at a glance.

import type { Camera, RecordMode } from '../api/types';
import { hrefOf } from '../app/router';
import { ButtonLink, Button } from '../components/button';
import { CameraReason, CameraState } from '../components/camera-state';
import { Icon } from '../components/icon';
import { Message, Notice } from '../components/notice';
import { PageHead } from '../components/page-head';
import { Spinner } from '../components/player/player-frame';
import { Snapshot } from '../components/snapshot';
import { formatBitrate, formatRate } from '../i18n/format';
import { getLocale } from '../i18n/language';
import { _, ngettext } from '../i18n/text';
import { refetch, useCameras } from '../state/app-state';
import { sortCameras } from '../state/cameras';
import { hasPicture } from '../state/words';

const PICTURE_HEIGHT = 360;
const PICTURE_EVERY_MS = 10_000;

function CameraFacts({ camera }: { camera: Camera }) {
  const { status } = camera;
  if (status.state !== 'streaming') return null;
  const facts = [
    status.width > 0 && `${status.width} × ${status.height}`,
    status.fps > 0 && formatRate(status.fps),
    status.bitrate > 0 && formatBitrate(status.bitrate),
  ].filter(Boolean);
  return <p class="facts">{facts.join(' · ')}</p>;
}

/** What is not as it mostly is. */
function modeTag(mode: RecordMode): string {
  if (mode === 'off') return _('Not recorded');
  return mode === 'event' ? _('On events') : _('By schedule');
}

function CameraCard({ camera }: { camera: Camera }) {
  const { id, name, status } = camera;
  return (
    <li class="card">
      <a class="card-picture" href={hrefOf({ page: 'live', id })} tabIndex={-1} aria-hidden="true">
        <Icon name="camera" className="picture-placeholder" />
        <Snapshot camera={id} height={PICTURE_HEIGHT} everyMs={PICTURE_EVERY_MS} since={status.since} isActive={hasPicture(status)} alt="" />
      </a>
      <div class="card-body">
        <h2 class="card-name">
          <a href={hrefOf({ page: 'live', id })}>{name}</a>
        </h2>
        <div class="card-state">
          <CameraState camera={camera} />
          {camera.record !== 'continuous' && <span class="tag">{modeTag(camera.record)}</span>}
        </div>
        <CameraReason status={status} />
        <CameraFacts camera={camera} />
      </div>
      <div class="card-links">
        <a href={hrefOf({ page: 'live', id })} aria-label={_('{name}: live', { name })}>
          <Icon name="camera" />
          {_('Live')}
        </a>
        <a href={hrefOf({ page: 'recordings', id, atMs: null })} aria-label={_('{name}: recordings', { name })}>
          <Icon name="film" />
          {_('Recordings')}
        </a>
        <a href={hrefOf({ page: 'edit', id })} aria-label={_('{name}: settings', { name })}>
          <Icon name="pencil" />
          {_('Settings')}
        </a>
      </div>
    </li>
  );
}

function countWords(cameras: Camera[]): string {
  const streaming = cameras.filter(camera => camera.status.state === 'streaming').length;
  const all = ngettext('{n} camera', '{n} cameras', cameras.length);
  if (streaming === cameras.length) return all;
  return _('{all}, {n} of them streaming', { all, n: streaming });
}

function NoCameras() {
  return (
    <Notice title={_('Add your first camera')} icon="camera">
      <p>
        {_('Potoo records any camera that speaks RTSP with H.264 or H.265 video. You need its address, and mostly a user name and a password.')}
      </p>
      <ButtonLink href={hrefOf({ page: 'add' })} kind="primary" icon="add">
        {_('Add camera')}
      </ButtonLink>
    </Notice>
  );
}

export function CamerasPage() {
  const { cameras, failure } = useCameras();
  const list = cameras && sortCameras(cameras, getLocale());
  return (
    <>
      <PageHead
        title={_('Cameras')}
        aside={list && list.length > 0 && <span class="count">{countWords(list)}</span>}
      />
      {list === null && failure === null && <Spinner label={_('Loading cameras …')} />}
      {list === null && failure !== null && (
        <Notice title={_('The cameras cannot be shown')} icon="unlink" tone="bad">
          <p>{failure}</p>
          <Button kind="primary" onClick={() => void refetch()}>
            {_('Try again')}
          </Button>
        </Notice>
      )}
      {list !== null && failure !== null && <Message tone="bad">{failure}</Message>}
      {list !== null && list.length === 0 && <NoCameras />}
      {list !== null && list.length > 0 && (
        <ul class="cards">
          {list.map(camera => (
            <CameraCard key={camera.id} camera={camera} />
          ))}
        </ul>
      )}
    </>
  );
}
