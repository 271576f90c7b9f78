// SPDX-License-Identifier: GPL-3.0-or-later

import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon';

interface ButtonProps {
  children?: ComponentChildren;
  icon?: IconName;
  kind?: 'primary' | 'plain' | 'danger';
  type?: 'button' | 'submit';
  isDisabled?: boolean;
  onClick?: () => void;
}

export function Button({ children, icon, kind = 'plain', type = 'button', isDisabled, onClick }: ButtonProps) {
  return (
    <button type={type} class={`button button-${kind}`} disabled={isDisabled ?? false} onClick={onClick}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A link that looks like a button. */
export function ButtonLink({ href, icon, kind = 'plain', children }: { href: string; icon?: IconName; kind?: 'primary' | 'plain'; children: ComponentChildren }) {
  return (
    <a class={`button button-${kind}`} href={href}>
      {icon && <Icon name={icon} />}
      {children}
    </a>
  );
}

interface IconButtonProps {
  label: string;
  icon: IconName;
  isPressed?: boolean;
  isDisabled?: boolean;
  onClick: () => void;
}

/** A button that is only a picture; `label` names it. */
export function IconButton({ label, icon, isPressed, isDisabled, onClick }: IconButtonProps) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      aria-pressed={isPressed}
      disabled={isDisabled ?? false}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
