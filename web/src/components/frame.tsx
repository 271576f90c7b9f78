// SPDX-License-Identifier: GPL-3.0-or-later

// What is on every page: skip link, head with navigation, the banner of a lost connection, foot.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { hrefOf } from '../app/router';
import { useRoute } from '../app/navigation';
import { type Theme, chooseTheme, readTheme } from '../app/theme';
import { chooseLanguage, getLanguage, languageNames, listLanguages } from '../i18n/language';
import { _ } from '../i18n/text';
import { useConnection, useOverload, useVersion } from '../state/app-state';
import { IconButton } from './button';
import { Icon, type IconName } from './icon';

const BANNER_MS = 1500; // a connection that is back sooner is no news

function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="logo-ground" width="32" height="32" rx="8" />
      <circle class="logo-eye" cx="16" cy="17" r="9" />
      <circle class="logo-pupil" cx="16" cy="18" r="4.2" />
      <path class="logo-lid" d="M5 6h22v9.5c-3-3.2-6.8-4.8-11-4.8s-8 1.6-11 4.8z" />
      <path class="logo-brow" d="M5.5 16.4c2.9-3.5 6.4-5.2 10.5-5.2s7.6 1.7 10.5 5.2" />
    </svg>
  );
}

const themeIcons: Record<Theme, IconName> = { auto: 'auto', light: 'sun', dark: 'moon' };
const nextTheme: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };

function themeWords(theme: Theme): string {
  if (theme === 'light') return _('Colours: light');
  return theme === 'dark' ? _('Colours: dark') : _('Colours: as the system');
}

function ThemeButton() {
  const [theme, setTheme] = useState(readTheme);
  const onClick = () => {
    const next = nextTheme[theme];
    chooseTheme(next);
    setTheme(next);
  };
  return <IconButton label={themeWords(theme)} icon={themeIcons[theme]} onClick={onClick} />;
}

function Header() {
  const route = useRoute();
  const current = (page: string) => (route.page === page ? 'page' : undefined);
  return (
    <header class="site-head">
      <a class="brand" href="/">
        <Logo />
        <span class="narrow-hidden">Potoo</span>
      </a>
      <nav class="site-nav" aria-label={_('Main')}>
        <a href={hrefOf({ page: 'cameras' })} aria-current={current('cameras')}>
          {_('Cameras')}
        </a>
        <a href={hrefOf({ page: 'storage' })} aria-current={current('storage')}>
          {_('Storage')}
        </a>
        <a href={hrefOf({ page: 'add' })} aria-current={current('add')}>
          <Icon name="add" />
          <span class="narrow-hidden">{_('Add camera')}</span>
        </a>
      </nav>
      <ThemeButton />
    </header>
  );
}

/** Says that what is shown may be old; the live region is there before, so that it is read out. */
function ConnectionBanner() {
  const connection = useConnection();
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (connection !== 'lost') return setShown(false);
    const timer = window.setTimeout(() => setShown(true), BANNER_MS);
    return () => window.clearTimeout(timer);
  }, [connection]);
  return (
    <div class="banner-place" role="status" aria-live="polite">
      {isShown && (
        <div class="banner">
          <Icon name="unlink" />
          <span>{_('No connection to Potoo. What you see may be out of date; connecting again …')}</span>
        </div>
      )}
    </div>
  );
}

/** While the connection is lost nobody knows. */
function OverloadBanner() {
  const overload = useOverload();
  const connection = useConnection();
  return (
    <div class="banner-place" role="status" aria-live="polite">
      {overload !== 'none' && connection !== 'lost' && (
        <div class="banner">
          <Icon name="warning" />
          <span>{_('The processor is overloaded; recording goes first. Live video and pictures come back by themselves.')}</span>
        </div>
      )}
    </div>
  );
}

function Footer() {
  const version = useVersion();
  return (
    <footer class="site-foot">
      <span>{version === null ? 'Potoo' : `Potoo ${version}`}</span>
      <a href={POTOO_LICENCES} target="_blank" rel="noopener">
        {_('Licences')}
      </a>
      {listLanguages().length > 1 && (
        <label class="language">
          <span class="visually-hidden">{_('Language')}</span>
          <select class="input" value={getLanguage()} onChange={event => chooseLanguage(event.currentTarget.value)}>
            {listLanguages().map(language => (
              <option key={language} value={language} lang={language}>
                {languageNames[language] ?? language}
              </option>
            ))}
          </select>
        </label>
      )}
    </footer>
  );
}

export function Frame({ children }: { children: ComponentChildren }) {
  return (
    <>
      <a class="skip-link" href="#main">
        {_('Skip to content')}
      </a>
      <Header />
      <ConnectionBanner />
      <OverloadBanner />
      <main id="main" class="main" tabIndex={-1}>
        {children}
      </main>
      <Footer />
    </>
  );
}
