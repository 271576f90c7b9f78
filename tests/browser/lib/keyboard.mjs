// SPDX-License-Identifier: GPL-3.0-or-later

// Walks through a page by the Tab key, as who has no mouse does.

const LONGEST_WALK = 60;

/** What has the focus: its name, and whether one sees that it has it. */
function readFocus() {
  const element = document.activeElement;
  const styles = [null, '::before', '::after'].map(part => getComputedStyle(element, part));
  const box = element.getBoundingClientRect();
  const label = element.labels?.[0]?.innerText ?? element.innerText ?? '';
  return {
    name: (element.getAttribute('aria-label') ?? label).trim(),
    tag: element.tagName,
    isMarked: styles.some(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1),
    isOnScreen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
  };
}

/** Until what is called `name` has the focus, which must be seen at each step. */
export async function tabTo(session, name, most = LONGEST_WALK) {
  const { page } = session;
  const seen = [];
  for (let steps = 0; steps <= most; steps++) {
    const focus = await page.evaluate(readFocus);
    if (focus.name === name) return;
    seen.push(focus.name);
    if (steps === most) break;
    await page.keyboard.press('Tab');
    const next = await page.evaluate(readFocus);
    if (next.tag === 'BODY') continue; // the browser's own controls
    if (!next.isMarked) throw new Error(`one does not see that “${next.name}” (${next.tag}) has the focus`);
    // A busy browser scrolls a little later.
    await session.until(`“${next.name}” (${next.tag}), which has the focus, to be on the screen`, async () =>
      next.isOnScreen || (await page.evaluate(readFocus)).isOnScreen,
    );
  }
  throw new Error(`Tab does not lead to “${name}”, only to: ${seen.join(' · ')}`);
}
