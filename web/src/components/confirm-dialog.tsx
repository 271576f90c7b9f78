// SPDX-License-Identifier: GPL-3.0-or-later

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { _ } from '../i18n/text';
import { Button } from './button';

interface ConfirmDialogProps {
  title: string;
  action: string;
  isBusy: boolean;
  children: ComponentChildren;
  onConfirm: () => void;
  onCancel: () => void;
}

/** Asks before something that cannot be taken back. Escape and the backdrop cancel. */
export function ConfirmDialog({ title, action, isBusy, children, onConfirm, onCancel }: ConfirmDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const cancel = () => {
    dialog.current?.close(); // while it is in the page, so that focus goes back to where it was
    onCancel();
  };
  return (
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={id}
      onCancel={event => {
        event.preventDefault();
        cancel();
      }}
      onClick={event => {
        if (event.target === dialog.current) cancel();
      }}
    >
      <div class="dialog-body">
        <h2 id={id}>{title}</h2>
        {children}
        <div class="dialog-actions">
          <Button onClick={cancel}>{_('Cancel')}</Button>
          <Button kind="danger" isDisabled={isBusy} onClick={onConfirm}>
            {action}
          </Button>
        </div>
      </div>
    </dialog>
  );
}
