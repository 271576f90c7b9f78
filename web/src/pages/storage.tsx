// SPDX-License-Identifier: GPL-3.0-or-later

// The disks that are recorded to, how long each camera's recordings are kept, whether they have the
// right times and are sound.

import type { BytesByClass, Storage, StorageRoot, StoredCamera } from '../api/types';
import { hrefOf } from '../app/router';
import { Icon } from '../components/icon';
import { Message, Notice } from '../components/notice';
import { PageHead } from '../components/page-head';
import { Spinner } from '../components/player/player-frame';
import { formatBytes, formatDate, formatNumber, formatShortDay } from '../i18n/format';
import { _, ngettext } from '../i18n/text';
import { useCameras } from '../state/app-state';
import { rootStateWords } from '../state/words';
import { ClockPanel } from './clock-panel';
import { useStorage } from './use-storage';
import { VerifyPanel } from './verify-panel';

const sumOf = ({ continuous, event, locked }: BytesByClass) => continuous + event + locked;

function daysWords(days: number | null): string {
  if (days === null) return _('as long as there is room');
  const rounded = days < 10 ? Math.floor(days * 10) / 10 : Math.floor(days);
  return ngettext('{n} day', '{n} days', rounded, { n: formatNumber(rounded, 1) });
}

// --- a root ---

interface Share {
  name: string;
  words: string;
  bytes: number;
}

/** What the disk, or the quota of it, is filled with. */
function sharesOf(root: StorageRoot): { whole: number; shares: Share[] } {
  const { bytes } = root;
  const own: Share[] = [
    { name: 'continuous', words: _('Recordings'), bytes: bytes.continuous },
    { name: 'event', words: _('Events'), bytes: bytes.event },
    { name: 'locked', words: _('Locked'), bytes: bytes.locked },
  ];
  if (root.max_bytes !== null) {
    const free = Math.max(0, root.max_bytes - sumOf(bytes));
    return { whole: root.max_bytes, shares: [...own, { name: 'free', words: _('Free of the quota'), bytes: free }] };
  }
  const other = Math.max(0, root.total_bytes - root.free_bytes - sumOf(bytes));
  const usable = Math.max(0, root.free_bytes - root.min_free_bytes);
  return {
    whole: root.total_bytes,
    shares: [
      ...own,
      { name: 'other', words: _('Other files'), bytes: other },
      { name: 'free', words: _('Free'), bytes: usable },
      { name: 'reserve', words: _('Kept free'), bytes: root.free_bytes - usable },
    ],
  };
}

function Meter({ root }: { root: StorageRoot }) {
  const { whole, shares } = sharesOf(root);
  if (whole <= 0) return null;
  return (
    <div class="meter-place">
      <div class="meter" aria-hidden="true">
        {shares.map(({ name, bytes }) => (
          <div key={name} class={`meter-share share-${name}`} style={{ width: `${Math.min(100, (bytes / whole) * 100).toFixed(3)}%` }} />
        ))}
      </div>
      <ul class="legend">
        {shares
          .filter(({ bytes, name }) => bytes > 0 || name === 'free')
          .map(({ name, words, bytes }) => (
            <li key={name}>
              <span class={`swatch share-${name}`} aria-hidden="true" />
              {words} <b>{formatBytes(bytes)}</b>
            </li>
          ))}
      </ul>
    </div>
  );
}

function forecastOf(root: StorageRoot): string {
  if (root.bytes_per_day <= 0) return '';
  const perDay = _('{size} a day', { size: formatBytes(root.bytes_per_day) });
  if (root.fills !== null) return _('{perDay}, full on {date}', { perDay, date: formatDate(root.fills) });
  return root.days_kept === null ? perDay : _('{perDay}, kept for {days}', { perDay, days: daysWords(root.days_kept) });
}

function Root({ root }: { root: StorageRoot }) {
  const tone = root.state === 'ok' ? 'good' : root.state === 'full' ? 'busy' : 'bad';
  return (
    <li class="panel root" data-root={root.name}>
      <div class="root-head">
        <h3>{root.name}</h3>
        <span class={`state state-${tone}`}>
          <Icon name={root.state === 'ok' ? 'check' : 'warning'} />
          {rootStateWords(root.state)}
        </span>
        <p class="root-path">{root.path}</p>
      </div>
      {root.reason !== null && <p class="reason">{root.reason}</p>}
      <Meter root={root} />
      <p class="facts">
        {[
          root.total_bytes > 0 && _('Disk of {size}', { size: formatBytes(root.total_bytes) }),
          root.max_bytes !== null && _('Quota {size}', { size: formatBytes(root.max_bytes) }),
          forecastOf(root),
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
    </li>
  );
}

// --- cameras ---

function Guarantee({ camera }: { camera: StoredCamera }) {
  if (camera.guaranteed_days === 0) return <span class="quiet">–</span>;
  const days = ngettext('{n} day', '{n} days', camera.guaranteed_days);
  if (camera.guarantee_breaks === null) return <>{days}</>;
  return (
    <span class="breaks">
      <Icon name="warning" />
      {_('{days}, until {date}', { days, date: formatDate(camera.guarantee_breaks) })}
    </span>
  );
}

function CameraRow({ camera, name }: { camera: StoredCamera; name: string }) {
  const cells: [string, preact.ComponentChildren][] = [
    [_('Stored'), formatBytes(sumOf(camera.bytes)) + (camera.max_bytes === null ? '' : ` / ${formatBytes(camera.max_bytes)}`)],
    [_('A day'), camera.bytes_per_day > 0 ? formatBytes(camera.bytes_per_day) : '–'],
    [_('Since'), camera.oldest === null ? '–' : formatShortDay(Date.parse(camera.oldest))],
    [_('Kept for'), camera.bytes_per_day > 0 ? daysWords(camera.days_kept) : '–'],
    [_('Guaranteed'), <Guarantee key="guarantee" camera={camera} />],
  ];
  return (
    <tr>
      <th scope="row">
        <a href={hrefOf({ page: 'recordings', id: camera.id, atMs: null })}>{name}</a>
        {camera.removed && <span class="tag">{_('removed')}</span>}
      </th>
      {cells.map(([label, value]) => (
        <td key={label} data-label={label}>
          {value}
        </td>
      ))}
    </tr>
  );
}

function Cameras({ list }: { list: readonly StoredCamera[] }) {
  const { cameras } = useCameras();
  if (list.length === 0) return <p class="quiet">{_('Nothing has been recorded yet.')}</p>;
  const heads = [_('Camera'), _('Stored'), _('A day'), _('Since'), _('Kept for'), _('Guaranteed')];
  return (
    <table class="stored">
      <thead>
        <tr>
          {heads.map(head => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {list.map(camera => (
          <CameraRow key={camera.id} camera={camera} name={cameras?.get(camera.id)?.name ?? camera.id} />
        ))}
      </tbody>
    </table>
  );
}

// --- what is amiss ---

function Warnings({ storage }: { storage: Storage }) {
  const { cameras } = useCameras();
  const breaking = storage.cameras.filter(camera => camera.guarantee_breaks !== null);
  const usable = storage.roots.filter(root => root.state === 'ok');
  return (
    <div class="warnings" role="status">
      {usable.length === 0 && <Message tone="bad">{_('No storage can be written to: nothing is recorded.')}</Message>}
      {breaking.map(camera => (
        <Message key={camera.id} tone="bad">
          {_('From {date} on there is no room for the {n} days guaranteed to {name}. Give Potoo more space, or lower the guarantee in its settings.', {
            date: formatDate(camera.guarantee_breaks ?? ''),
            n: camera.guaranteed_days,
            name: cameras?.get(camera.id)?.name ?? camera.id,
          })}
        </Message>
      ))}
    </div>
  );
}

export function StoragePage() {
  const { answer: storage, error } = useStorage();
  return (
    <>
      <PageHead title={_('Storage')} />
      {storage === null && error === null && <Spinner label={_('Loading …')} />}
      {storage === null && error !== null && (
        <Notice title={_('The storage cannot be shown')} icon="disk" tone="bad">
          <p>{error.message}</p>
        </Notice>
      )}
      {storage !== null && (
        <div class="storage">
          <Warnings storage={storage} />
          <section aria-labelledby="roots">
            <h2 id="roots" class="section-title">
              {_('Disks')}
            </h2>
            <ul class="roots">
              {storage.roots.map(root => (
                <Root key={root.name} root={root} />
              ))}
            </ul>
          </section>
          <section class="panel" aria-labelledby="stored">
            <div class="panel-head">
              <h2 id="stored">{_('Recordings by camera')}</h2>
            </div>
            <Cameras list={storage.cameras} />
          </section>
          <ClockPanel />
          <VerifyPanel />
        </div>
      )}
    </>
  );
}
