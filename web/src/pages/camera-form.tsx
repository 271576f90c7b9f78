// SPDX-License-Identifier: GPL-3.0-or-later

// Adds a camera, or changes or removes one.

import type { TargetedEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Versioned, addCamera, changeCamera, getCamera, getStorage, removeCamera } from '../api/client';
import { ApiError, fieldOf, toApiError } from '../api/error';
import type { Storage } from '../api/types';
import { navigate } from '../app/navigation';
import { hrefOf } from '../app/router';
import { Button, ButtonLink } from '../components/button';
import { CameraTest } from '../components/camera-test';
import { ConfirmDialog } from '../components/confirm-dialog';
import { ChoiceField, Fold, NumberField, SelectField, SwitchField, TextField } from '../components/field';
import { Message } from '../components/notice';
import { PageHead } from '../components/page-head';
import { Spinner } from '../components/player/player-frame';
import { ScheduleEditor } from '../components/schedule-editor';
import { _, ngettext } from '../i18n/text';
import { noteCamera, noteRemoved } from '../state/app-state';
import { type CameraForm, dropsPassword, emptyForm, formOf, readForm, readTestInput } from '../state/camera-form';
import { UnknownCamera } from './not-found';

type SetField = <Name extends keyof CameraForm>(name: Name) => (value: CameraForm[Name]) => void;

interface PartProps {
  form: CameraForm;
  set: SetField;
  errorOf: (name: keyof CameraForm) => string | undefined;
}

function RemoveCamera({ id, name }: { id: string; name: string }) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const panel = useRef<HTMLElement>(null); // null for who has left the page meanwhile
  const remove = async () => {
    setBusy(true);
    try {
      await removeCamera(id);
      noteRemoved(id);
      if (panel.current) navigate({ page: 'cameras' });
    } catch (thrown) {
      setError(toApiError(thrown));
      setBusy(false);
      setAsking(false);
    }
  };
  return (
    <section ref={panel} class="panel danger-panel" aria-labelledby="remove">
      <h2 id="remove">{_('Remove camera')}</h2>
      <p class="quiet">{_('Potoo then no longer connects to it. What it has recorded is kept.')}</p>
      {error && <Message tone="bad">{error.message}</Message>}
      <Button kind="danger" icon="trash" onClick={() => setAsking(true)}>
        {_('Remove camera …')}
      </Button>
      {isAsking && (
        <ConfirmDialog
          title={_('Remove {name}?', { name })}
          action={_('Remove')}
          isBusy={isBusy}
          onConfirm={() => void remove()}
          onCancel={() => setAsking(false)}
        >
          <p>{_('The connection to it ends and its settings are deleted, also its password.')}</p>
          <p>{_('Its recordings are kept and can still be watched. A camera that is added later can continue them.')}</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

const KEEP_FIELDS = ['keep_continuous_days', 'keep_event_days', 'max_bytes', 'min_days', 'storage_root', 'priority'] as const;
const CODEC_FIELDS = ['audio_codec', 'transcode_video'] as const;

/** When it is recorded. */
function RecordingPart({ form, set, errorOf }: PartProps) {
  const knowsEvents = form.record === 'event' || form.record === 'schedule';
  return (
    <section class="form-group" role="group" aria-labelledby="recording">
      <h2 id="recording">{_('Recording')}</h2>
      <ChoiceField
        id="record"
        label={_('When to record')}
        value={form.record}
        options={[
          { value: 'continuous', label: _('Always'), hint: _('As long as the camera is switched on.') },
          { value: 'event', label: _('On events'), hint: _('Around what the camera or another program reports, and by hand.') },
          { value: 'schedule', label: _('By schedule'), hint: _('Always, on events or never, by day and hour.') },
          { value: 'off', label: _('Never'), hint: _('Only by hand.') },
        ]}
        error={errorOf('record')}
        onChange={set('record')}
      />
      {form.record === 'schedule' && <ScheduleEditor value={form.schedule} error={errorOf('schedule')} onChange={set('schedule')} />}
      {knowsEvents && (
        <div class="form-pair">
          <NumberField id="pre_roll" label={_('Keep from before an event')} unit={_('seconds')} hint={_('0 to 120')} value={form.pre_roll} error={errorOf('pre_roll')} onInput={set('pre_roll')} />
          <NumberField id="post_roll" label={_('Keep from after it')} unit={_('seconds')} hint={_('0 to 600')} value={form.post_roll} error={errorOf('post_roll')} onInput={set('post_roll')} />
        </div>
      )}
      {form.sub_url.trim() !== '' && (
        <SwitchField
          id="record_sub"
          label={_('Record the small stream too')}
          hint={_('By the same plan, beside the main one.')}
          value={form.record_sub}
          error={errorOf('record_sub')}
          onChange={set('record_sub')}
        />
      )}
    </section>
  );
}

/** Names that the storage knows; none until it has answered. */
function useNames(list: (storage: Storage) => string[]): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    const abort = new AbortController();
    getStorage(abort.signal).then(
      storage => setNames(list(storage)),
      () => undefined, // then only what is set can be chosen
    );
    return () => abort.abort();
  }, []);
  return names;
}

const listRoots = (storage: Storage) => storage.roots.map(root => root.name);
const listRemoved = (storage: Storage) => storage.cameras.filter(camera => camera.removed).map(camera => camera.id);

/** Of which removed camera a new one continues the recordings; nothing when there is none. */
function AdoptField({ value, onChange }: { value: string; onChange: (id: string) => void }) {
  const removed = useNames(listRemoved);
  if (removed.length === 0) return null;
  return (
    <SelectField
      id="adopted"
      label={_('Continues the recordings of')}
      value={value}
      options={[{ value: '', label: _('None') }, ...removed.map(id => ({ value: id, label: id }))]}
      hint={_('Of a camera that was removed: they become the new one’s, with the id.')}
      onChange={onChange}
    />
  );
}

function StorageRootField({ form, set, errorOf }: PartProps) {
  const { storage_root } = form;
  const names = useNames(listRoots);
  const known = storage_root === '' || names.includes(storage_root) ? names : [...names, storage_root];
  return (
    <SelectField
      id="storage_root"
      label={_('Storage')}
      value={storage_root}
      options={[{ value: '', label: _('Any') }, ...known.map(name => ({ value: name, label: name }))]}
      hint={_('Pinned to one, the camera is recorded there or not at all.')}
      error={errorOf('storage_root')}
      onChange={set('storage_root')}
    />
  );
}

function keepSummary(form: CameraForm): string {
  const days = Number(form.keep_continuous_days);
  return days > 0 ? ngettext('{n} day', '{n} days', days) : _('as long as there is room');
}

/** How long it is kept, and where; folded away. */
function KeepingPart(props: PartProps) {
  const { form, set, errorOf } = props;
  const number = (name: 'keep_continuous_days' | 'keep_event_days' | 'min_days' | 'max_bytes' | 'priority', label: string, unit: string, hint: string) => (
    <NumberField id={name} label={label} unit={unit} hint={hint} value={form[name]} error={errorOf(name)} onInput={set(name)} />
  );
  return (
    <section class="form-group" role="group" aria-labelledby="keeping">
      <h2 id="keeping">{_('Keeping recordings')}</h2>
      <p class="field-hint">{_('Without limits the oldest recordings make room when a disk is full. What is locked is never deleted.')}</p>
      <Fold title={_('Limits and storage')} summary={keepSummary(form)} isForced={KEEP_FIELDS.some(name => errorOf(name) !== undefined)}>
        <div class="form-pair">
          {number('keep_continuous_days', _('Keep at most'), _('days'), _('0: as long as there is room'))}
          {number('keep_event_days', _('Keep events at most'), _('days'), _('0: as long as there is room'))}
          {number('max_bytes', _('Use at most'), _('GB'), _('0: no limit'))}
          {number('min_days', _('Guaranteed'), _('days'), _('Kept for certain: other cameras give way first, or recording stops.'))}
        </div>
        <div class="form-pair">
          <StorageRootField {...props} />
          {number('priority', _('Priority'), _('of 10'), _('The higher, the longer it keeps memory and disk when they are short.'))}
        </div>
      </Fold>
    </section>
  );
}

function missingName(): ApiError {
  const detail = _('Give the camera a name.');
  return new ApiError(400, { type: 'urn:potoo:error:invalid-argument', title: detail, detail, status: 400, pointer: '/name' });
}

interface FormProps {
  /** Null for a new camera. */
  original: Versioned | null;
}

function Form({ original }: FormProps) {
  const camera = original?.camera ?? null;
  const [form, setForm] = useState<CameraForm>(() => (camera ? formOf(camera) : emptyForm));
  const [adopted, setAdopted] = useState('');
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const element = useRef<HTMLFormElement>(null); // null for who has left the page meanwhile

  const set: SetField = name => value =>
    setForm(before => ({ ...before, [name]: value }));
  // The id of a new camera is made from its name.
  const wrongField = error && fieldOf(error.pointer)?.replace(/^id$/, 'name');
  const errorOf = (name: keyof CameraForm) => (wrongField === name ? error?.message : undefined);
  const part = { form, set, errorOf };

  useEffect(() => {
    if (!error) return;
    const wrong = element.current?.querySelector<HTMLElement>('[aria-invalid=true], .form-error');
    wrong?.focus();
  }, [error]);

  const save = async (event: TargetedEvent<HTMLFormElement, Event>) => {
    event.preventDefault();
    setError(null);
    if (form.name.trim() === '' && camera === null) return setError(missingName());
    setBusy(true);
    try {
      const input = readForm(form, camera);
      if (adopted !== '') input.id = adopted;
      const saved = original ? (await changeCamera(original.camera.id, input, original.etag)).camera : await addCamera(input, adopted !== '');
      noteCamera(saved);
      if (element.current) navigate({ page: 'live', id: saved.id });
    } catch (thrown) {
      setError(toApiError(thrown));
      setBusy(false);
    }
  };

  const isSecure = /^rtsps:/i.test(form.url.trim());
  const passwordHint = !camera?.has_password
    ? undefined
    : dropsPassword(form, camera)
      ? _('The address leads to another host, so the stored password will not be used for it. Give the password for the new one.')
      : _('A password is stored. Leave this empty to keep it.');

  return (
    <form ref={element} class="form" onSubmit={event => void save(event)} noValidate>
      {error && !(wrongField && wrongField in form) && (
        <div class="form-error" role="alert" tabIndex={-1}>
          <Message tone="bad">{error.message}</Message>
        </div>
      )}
      <section class="form-group" role="group" aria-labelledby="connection">
        <h2 id="connection">{_('Connection')}</h2>
        <TextField
          id="url"
          label={_('Address')}
          type="url"
          value={form.url}
          placeholder="rtsp://192.168.1.20/stream"
          hint={_('As in the camera’s manual, beginning with rtsp:// or rtsps://. A user name and password in it are stored apart.')}
          error={errorOf('url')}
          isRequired
          onInput={set('url')}
        />
        <div class="form-pair">
          <TextField id="username" label={_('User name')} value={form.username} error={errorOf('username')} maxLength={256} onInput={set('username')} />
          <TextField
            id="password"
            label={_('Password')}
            type="password"
            value={form.password}
            placeholder={camera?.has_password && !dropsPassword(form, camera) ? _('unchanged') : ''}
            hint={passwordHint}
            error={errorOf('password')}
            autocomplete="new-password"
            maxLength={256}
            onInput={set('password')}
          />
        </div>
        <TextField
          id="sub_url"
          label={_('Address of the small stream')}
          type="url"
          value={form.sub_url}
          hint={_('If the camera has one, for small pictures and slow connections.')}
          error={errorOf('sub_url')}
          onInput={set('sub_url')}
        />
        <SelectField
          id="transport"
          label={_('Transport')}
          value={form.transport}
          options={[
            { value: 'auto', label: _('Automatic: TCP, else UDP') },
            { value: 'tcp', label: 'TCP' },
            { value: 'udp', label: 'UDP' },
          ]}
          error={errorOf('transport')}
          onChange={set('transport')}
        />
        {isSecure && (
          <SwitchField
            id="tls_verify"
            label={_('Check the certificate')}
            hint={_('Switch off only for a camera with a certificate of its own making, in a network that you trust.')}
            value={form.tls_verify}
            error={errorOf('tls_verify')}
            onChange={set('tls_verify')}
          />
        )}
        <CameraTest input={readTestInput(form, camera)} isReady={form.url.trim() !== ''} onError={setError} />
      </section>
      <section class="form-group" role="group" aria-labelledby="camera">
        <h2 id="camera">{_('Camera')}</h2>
        <TextField
          id="name"
          label={_('Name')}
          value={form.name}
          placeholder={camera ? '' : _('Front door')}
          isRequired={camera === null}
          hint={_('As you call the place that it looks at.')}
          error={errorOf('name')}
          maxLength={100}
          onInput={set('name')}
        />
        {camera === null && <AdoptField value={adopted} onChange={setAdopted} />}
        <SwitchField id="enabled" label={_('Switched on')} hint={_('Potoo connects to the camera.')} value={form.enabled} error={errorOf('enabled')} onChange={set('enabled')} />
        <SwitchField id="audio" label={_('Sound')} hint={_('Taken where the camera has it.')} value={form.audio} error={errorOf('audio')} onChange={set('audio')} />
        <Fold title={_('Encoding')} isForced={CODEC_FIELDS.some(name => errorOf(name) !== undefined)}>
          <SelectField
            id="audio_codec"
            label={_('Other sound becomes')}
            value={form.audio_codec}
            options={[
              { value: 'aac', label: 'AAC' },
              { value: 'opus', label: 'Opus' },
            ]}
            hint={_('For cameras that send neither AAC nor Opus. In the live picture only AAC is heard.')}
            error={errorOf('audio_codec')}
            onChange={set('audio_codec')}
          />
          <SwitchField
            id="transcode_video"
            label={_('Encode JPEG video')}
            hint={_('For cameras that send nothing but JPEG. Takes much processor time, and is refused when there is not enough.')}
            value={form.transcode_video}
            error={errorOf('transcode_video')}
            onChange={set('transcode_video')}
          />
        </Fold>
      </section>
      <RecordingPart {...part} />
      <KeepingPart {...part} />
      <div class="form-actions">
        <Button type="submit" kind="primary" isDisabled={isBusy}>
          {camera ? _('Save') : _('Add camera')}
        </Button>
        <ButtonLink href={camera ? hrefOf({ page: 'live', id: camera.id }) : '/'}>{_('Cancel')}</ButtonLink>
      </div>
    </form>
  );
}

/** The camera as it is stored now, with its version: the form must not begin with something older. */
function useStoredCamera(id: string | null) {
  const [stored, setStored] = useState<Versioned | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    if (id === null) return;
    const abort = new AbortController();
    getCamera(id, abort.signal).then(setStored, thrown => setError(toApiError(thrown)));
    return () => abort.abort();
  }, [id]);
  return { stored, error };
}

export function CameraFormPage({ id }: { id: string | null }) {
  const { stored, error } = useStoredCamera(id);
  if (id === null)
    return (
      <div class="narrow">
        <PageHead title={_('Add camera')} parent={{ href: '/', name: _('Cameras') }} />
        <Form original={null} />
      </div>
    );
  if (error?.status === 404) return <UnknownCamera id={id} mayHaveRecordings />;
  return (
    <div class="narrow">
      <PageHead
        title={_('Settings')}
        parent={{ href: hrefOf({ page: 'live', id }), name: stored?.camera.name ?? id }}
      />
      {error && <Message tone="bad">{error.message}</Message>}
      {!stored && !error && <Spinner label={_('Loading …')} />}
      {stored && <Form original={stored} />}
      {stored && <RemoveCamera id={id} name={stored.camera.name} />}
    </div>
  );
}
