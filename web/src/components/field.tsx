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

interface NumberFieldProps {
  id: string;
  label: string;
  value: string;
  /** Stands behind the number. */
  unit: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  onInput: (value: string) => void;
}

/** What is typed stays as it is, until it is sent. */
export function NumberField({ id, label, value, unit, hint, error, onInput }: NumberFieldProps) {
  return (
    <Field id={id} label={label} hint={hint} error={error}>
      <span class="number-field">
        <input
          id={id}
          name={id}
          class="input"
          type="text"
          inputMode="decimal"
          value={value}
          autocomplete="off"
          maxLength={16}
          aria-invalid={error ? 'true' : undefined}
          aria-describedby={[`${id}-unit`, describedBy(id, hint, error)].filter(Boolean).join(' ')}
          onInput={event => onInput(event.currentTarget.value)}
        />
        <span id={`${id}-unit`} class="unit">
          {unit}
        </span>
      </span>
    </Field>
  );
}

interface ChoiceFieldProps<Value extends string> {
  id: string;
  label: string;
  value: Value;
  options: readonly { value: Value; label: string; hint: string }[];
  error?: string | undefined;
  onChange: (value: Value) => void;
}

/** One of a few that need a word of explanation each. */
export function ChoiceField<Value extends string>({ id, label, value, options, error, onChange }: ChoiceFieldProps<Value>) {
  return (
    <fieldset class="choice-field">
      <legend>{label}</legend>
      <div class="choices">
        {options.map(option => (
          <label key={option.value} class="choice">
            <input
              type="radio"
              name={id}
              value={option.value}
              checked={option.value === value}
              aria-labelledby={`${id}-${option.value}-label`}
              aria-describedby={`${id}-${option.value}-hint`}
              onChange={() => onChange(option.value)}
            />
            <span>
              <span class="switch-label" id={`${id}-${option.value}-label`}>
                {option.label}
              </span>
              <span class="field-hint" id={`${id}-${option.value}-hint`}>
                {option.hint}
              </span>
            </span>
          </label>
        ))}
      </div>
      {error && (
        <p class="field-error" id={`${id}-error`}>
          <Icon name="warning" />
          <span>{error}</span>
        </p>
      )}
    </fieldset>
  );
}

interface FoldProps {
  title: string;
  /** What is set in it, in a few words. */
  summary?: string;
  /** Something in it is wrong, so it must be seen. */
  isForced: boolean;
  children: ComponentChildren;
}

/** What few need, folded away until somebody opens it. */
export function Fold({ title, summary, isForced, children }: FoldProps) {
  return (
    <details class="fold" aria-label={title} open={isForced || undefined}>
      <summary>
        <Icon name="forward" />
        <span class="fold-title">{title}</span>
        {summary && <span class="field-hint">{summary}</span>}
      </summary>
      <div class="fold-body">{children}</div>
    </details>
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
