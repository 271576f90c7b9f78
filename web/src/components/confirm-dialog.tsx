// SPDX-License-Identifier: GPL-3.0-or-later

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { _ } from '../i18n/text';
import { Button } from './button';

interface ConfirmDialogProps {
  title: string;
  action: string;
  isBusy: boolean;
  /** Danger: it cannot be taken back. */
  kind?: 'danger' | 'primary';
  children: ComponentChildren;
  onConfirm: () => void;
  onCancel: () => void;
}

/** Asks before something is done, also for what it takes to do it. Escape and the backdrop cancel. */
export function ConfirmDialog({ title, action, isBusy, kind = 'danger', children, onConfirm, onCancel }: ConfirmDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    const opener = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={id}
      onCancel={event => {
        event.preventDefault();
        onCancel();
      }}
      onClick={event => {
        if (event.target === dialog.current) onCancel();
      }}
    >
      <form
        class="dialog-body"
        noValidate
        onSubmit={event => {
          event.preventDefault();
          onConfirm();
        }}
      >
        <h2 id={id}>{title}</h2>
        {children}
        <div class="dialog-actions">
          <Button onClick={onCancel}>{_('Cancel')}</Button>
          <Button type="submit" kind={kind} isDisabled={isBusy}>
            {action}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
