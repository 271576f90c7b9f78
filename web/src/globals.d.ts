// SPDX-License-Identifier: GPL-3.0-or-later

/** Set by build/main.mjs: languages with a translation and where it is. */
declare const POTOO_LANGUAGES: Readonly<Record<string, string>>;
/** Where the notices of the bundled libraries are. */
declare const POTOO_LICENCES: string;

declare module '*.css';

/** hls.js without subtitles, alternate audio and DRM; it has the types of the whole. */
declare module 'hls.js/light' {
  export * from 'hls.js';
  export { default } from 'hls.js';
}
