// SPDX-License-Identifier: GPL-3.0-or-later

// What is wrong with a page for who reads it with ears, with weak eyes, or on a phone.

const NAMED = 'button|link|textbox|combobox|slider|switch|checkbox|radio|img|dialog|group|navigation|progressbar';
const NAMELESS = new RegExp(`^\\s*- '?(?:${NAMED})(?!\\w)(?! ")`);
const LEAST_TARGET_PX = 24; // WCAG 2.2, 2.5.8

/** One line for each fault. */
export async function inspect(session) {
  const { page } = session;
  const snapshot = await page.locator('body').ariaSnapshot();
  const nameless = snapshot.split('\n').filter(line => NAMELESS.test(line));
  const faults = await page.evaluate(findFaults, LEAST_TARGET_PX);
  return [...nameless.map(line => `has no name: ${line.trim()}`), ...faults];
}

/** Runs in the page; stands alone. */
function findFaults(leastTarget) {
  const faults = [];
  const isShown = element => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const words = element => `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}"> “${element.textContent.trim().slice(0, 40)}”`;

  const { scrollWidth } = document.documentElement;
  const width = window.visualViewport.width * window.visualViewport.scale;
  if (scrollWidth > width + 0.5) faults.push(`is ${scrollWidth} px wide on a screen of ${width}`);
  if (document.title === '' || document.documentElement.lang === '') faults.push('lacks a title or a language');
  for (const [selector, name] of [['h1', 'heading'], ['main', 'main part']]) {
    const count = [...document.querySelectorAll(selector)].filter(isShown).length;
    if (count !== 1) faults.push(`has ${count} times a ${name}`);
  }
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) faults.push(`has two #${id}`);
  for (const name of ['aria-labelledby', 'aria-describedby'])
    for (const element of document.querySelectorAll(`[${name}]`))
      for (const id of element.getAttribute(name).split(' '))
        if (!document.getElementById(id)) faults.push(`${name}: there is no #${id}`);

  const isHidden = element => element.closest('.visually-hidden, .skip-link') !== null;
  for (const element of document.querySelectorAll('button, select, input, [role=slider], nav a, .card-links a')) {
    const box = element.getBoundingClientRect();
    if (!isShown(element) || isHidden(element) || box.width === 0) continue;
    if (box.width < leastTarget || box.height < leastTarget)
      faults.push(`is only ${box.width} × ${box.height} px: ${words(element)}`);
  }

  // --- contrast: WCAG 2.2, 1.4.3 ---

  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const paper = canvas.getContext('2d', { willReadFrequently: true });
  const blend = colours => {
    paper.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      paper.fillStyle = colour;
      paper.fillRect(0, 0, 1, 1);
    }
    return [...paper.getImageData(0, 0, 1, 1).data];
  };
  const light = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map(value => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  /** What lies behind, from the bottom up; null where that is a picture. */
  const listGrounds = element => {
    const grounds = [];
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== 'none' || at.matches('.player-picture, .card-picture, .timeline-bar')) return null;
      grounds.unshift(style.backgroundColor);
    }
    return ['#fff', ...grounds];
  };
  const isInactive = element => element.closest(':disabled, [aria-disabled=true]') !== null;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (seen.has(element) || walker.currentNode.data.trim() === '') continue;
    seen.add(element);
    if (!isShown(element) || isHidden(element) || isInactive(element) || element.closest('noscript, option')) continue;
    const grounds = listGrounds(element);
    if (grounds === null) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(blend(grounds)), light(blend([...grounds, style.color]))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) faults.push(`has a contrast of only ${ratio.toFixed(2)}: ${words(element)}`);
  }
  return faults;
}
