// SPDX-License-Identifier: GPL-3.0-or-later

// Runs before anything else, in any browser at all, so it is written in ECMAScript 5: sets the
// colours, and loads the application when the browser has what it needs.

(function () {
  var root = document.documentElement;
  var self = document.currentScript;

  function readTheme() {
    try {
      return window.localStorage.getItem('potoo-theme');
    } catch (error) {
      return null; // storage is switched off
    }
  }

  function isModern() {
    return (
      'noModule' in document.createElement('script') &&
      'EventSource' in window &&
      'IntersectionObserver' in window &&
      'ResizeObserver' in window &&
      'AbortController' in window &&
      'replaceAll' in String.prototype &&
      'HTMLDialogElement' in window &&
      !!window.CSS &&
      window.CSS.supports('inset-inline-start', '0') &&
      window.CSS.supports('aspect-ratio', '16 / 9')
    );
  }

  var theme = readTheme();
  if (theme !== 'light' && theme !== 'dark')
    theme =
      window.matchMedia && window.matchMedia('(prefers-color-scheme: dark)').matches
        ? 'dark'
        : 'light';
  root.setAttribute('data-theme', theme);

  if (self && isModern()) {
    var app = document.createElement('script');
    app.type = 'module';
    app.src = self.getAttribute('data-app');
    document.head.appendChild(app);
  } else {
    document.getElementById('old-browser').removeAttribute('hidden');
  }
})();
