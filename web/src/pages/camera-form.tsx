// SPDX-License-Identifier: GPL-3.0-or-later

// Adds a camera, or changes or removes one.

import type { TargetedEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Versioned, addCamera, changeCamera, getCamera, removeCamera } from '../api/client';
import { ApiError, fieldOf, toApiError } from '../api/error';
import { navigate } from '../app/navigation';
import { hrefOf } from '../app/router';
import { Button, ButtonLink } from '../components/button';
import { CameraTest } from '../components/camera-test';
import { ConfirmDialog } from '../components/confirm-dialog';
import { SelectField, SwitchField, TextField } from '../components/field';
import { Message } from '../components/notice';
import { PageHead } from '../components/page-head';
import { Spinner } from '../components/player/player-frame';
import { _ } from '../i18n/text';
import { noteCamera, noteRemoved } from '../state/app-state';
import { type CameraForm, dropsPassword, emptyForm, formOf, readForm, readTestInput } from '../state/camera-form';
import { UnknownCamera } from './not-found';

const FIELDS = ['name', 'url', 'username', 'password', 'transport', 'audio', 'tls_verify', 'record', 'enabled'];

function RemoveCamera({ id, name }: { id: string; name: string }) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const remove = async () => {
    setBusy(true);
    try {
      await removeCamera(id);
      noteRemoved(id);
      navigate({ page: 'cameras' });
    } catch (thrown) {
      setError(toApiError(thrown));
      setBusy(false);
      setAsking(false);
    }
  };
  return (
    <section class="panel danger-panel" aria-labelledby="remove">
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
          <p>{_('Its recordings are kept and can still be watched. As long as they exist, {id} cannot be the id of another camera.', { id })}</p>
        </ConfirmDialog>
      )}
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
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const element = useRef<HTMLFormElement>(null);

  const set = <Name extends keyof CameraForm>(name: Name) => (value: CameraForm[Name]) =>
    setForm(before => ({ ...before, [name]: value }));
  // The id of a new camera is made from its name.
  const wrongField = error && fieldOf(error.pointer)?.replace(/^id$/, 'name');
  const errorOf = (name: string) => (wrongField === name ? error?.message : undefined);

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
      const saved = original ? (await changeCamera(original.camera.id, input, original.etag)).camera : await addCamera(input);
      noteCamera(saved);
      navigate({ page: 'live', id: saved.id });
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
      {error && !(wrongField && FIELDS.includes(wrongField)) && (
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
        <SelectField
          id="transport"
          label={_('Transport')}
          value={form.transport}
          options={[
            { value: 'auto', label: _('Automatic: TCP, or UDP if the camera refuses it') },
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
        <SwitchField id="enabled" label={_('Switched on')} hint={_('Potoo connects to the camera.')} value={form.enabled} error={errorOf('enabled')} onChange={set('enabled')} />
        <SwitchField id="record" label={_('Record')} hint={_('Always, as long as the camera is switched on.')} value={form.record} error={errorOf('record')} onChange={set('record')} />
        <SwitchField id="audio" label={_('Sound')} hint={_('Recorded with the picture where the camera has it.')} value={form.audio} error={errorOf('audio')} onChange={set('audio')} />
      </section>
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
