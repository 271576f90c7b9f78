// SPDX-License-Identifier: GPL-3.0-or-later

// Rows of a form: label, control, what it is for, and what is wrong with it.

import type { ComponentChildren } from 'preact';
import { Icon } from './icon';

interface FieldProps {
  id: string;
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  children: ComponentChildren;
}

export function Field({ id, label, hint, error, children }: FieldProps) {
  return (
    <div class={`field${error ? ' field-wrong' : ''}`}>
      <label for={id}>{label}</label>
      {children}
      {error && (
        <p class="field-error" id={`${id}-error`}>
          <Icon name="warning" />
          <span>{error}</span>
        </p>
      )}
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** The ids that describe a control, for aria-describedby. */
export function describedBy(id: string, hint: unknown, error: unknown): string | undefined {
  const ids = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean);
  return ids.length > 0 ? ids.join(' ') : undefined;
}

interface TextFieldProps {
  id: string;
  label: string;
  value: string;
  type?: 'text' | 'password' | 'url';
  hint?: ComponentChildren;
  error?: string | undefined;
  placeholder?: string;
  isRequired?: boolean;
  autocomplete?: string;
  maxLength?: number;
  onInput: (value: string) => void;
}

export function TextField(props: TextFieldProps) {
  const { id, label, value, type = 'text', hint, error, placeholder, isRequired, autocomplete, maxLength, onInput } = props;
  return (
    <Field id={id} label={label} hint={hint} error={error}>
      <input
        id={id}
        name={id}
        class="input"
        type={(type === 'password' ? type : 'text') as 'text'}
        inputMode={type === 'url' ? 'url' : 'text'}
        value={value}
        placeholder={placeholder ?? ''}
        required={isRequired ?? false}
        autocomplete={autocomplete ?? 'off'}
        autocapitalize="off"
        spellcheck={false}
        maxLength={maxLength ?? 2048}
        aria-invalid={error ? 'true' : undefined}
        aria-describedby={describedBy(id, hint, error)}
        onInput={event => onInput(event.currentTarget.value)}
      />
    </Field>
  );
}

interface SelectFieldProps<Value extends string> {
  id: string;
  label: string;
  value: Value;
  options: readonly { value: Value; label: string }[];
  hint?: string;
  error?: string | undefined;
  onChange: (value: Value) => void;
}

export function SelectField<Value extends string>({ id, label, value, options, hint, error, onChange }: SelectFieldProps<Value>) {
  return (
    <Field id={id} label={label} hint={hint} error={error}>
      <select
        id={id}
        name={id}
        class="input"
        value={value}
        aria-invalid={error ? 'true' : undefined}
        aria-describedby={describedBy(id, hint, error)}
        onChange={event => onChange(event.currentTarget.value as Value)}
      >
        {options.map(option => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  );
}

interface SwitchFieldProps {
  id: string;
  label: string;
  hint: string;
  value: boolean;
  error?: string | undefined;
  onChange: (value: boolean) => void;
}

export function SwitchField({ id, label, hint, value, error, onChange }: SwitchFieldProps) {
  return (
    <div class="switch-field">
      <input
        id={id}
        name={id}
        class="switch"
        type="checkbox"
        role="switch"
        checked={value}
        aria-describedby={describedBy(id, hint, error)}
        onChange={event => onChange(event.currentTarget.checked)}
      />
      <label for={id}>
        <span class="switch-label">{label}</span>
        <span class="field-hint" id={`${id}-hint`}>
          {hint}
        </span>
        {error && (
          <span class="field-error" id={`${id}-error`}>
            <Icon name="warning" />
            {error}
          </span>
        )}
      </label>
    </div>
  );
}
