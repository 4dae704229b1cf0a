// What page modules share: glyphs, theme colours, single-key shortcuts, toasts. Importing it changes nothing.
const root = document.documentElement;

export const icon = (id, cls = '') =>
  `<svg class="i ${cls}" aria-hidden="true"><use href="${root.dataset.icons}#${id}"></use></svg>`;

/** The value of a token (`css('ink')`) in the theme that is shown now. */
export const css = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();

export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** A sentence of the page with each {name} replaced by its value. */
export const say = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);

const KEYS = 'exfb-keys';
export const keysAreOn = () => localStorage.getItem(KEYS) !== 'off';
export const switchKeys = (on) => localStorage.setItem(KEYS, on ? 'on' : 'off');

/** Call `map[key]` on a key press, unless shortcuts are off (WCAG 2.1.4) or the person is typing. */
export function keys(map) {
  addEventListener('keydown', (e) => {
    if (!keysAreOn() || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.target.closest('input:not([type=range]), textarea, select, dialog[open]')) return;
    if ([' ', 'Enter'].includes(e.key) && e.target.closest('button, a, summary')) return;
    if (e.target.type === 'range' && e.key.startsWith('Arrow')) return;
    const action = map[e.key] || map[e.key.toLowerCase()];
    if (action) { e.preventDefault(); action(e); }
  });
}

/** Show a short message for eight seconds, with a button when `undo` is given as {label, action}. */
export function toast(text, undo) {
  const shown = document.createElement('div');
  shown.className = 'toast';
  shown.append(Object.assign(document.createElement('span'), { textContent: text }));
  if (undo) {
    const button = Object.assign(document.createElement('button'), { className: 'btn', type: 'button', textContent: undo.label });
    button.addEventListener('click', () => { undo.action(); shown.remove(); });
    shown.append(button);
  }
  document.querySelector('.toasts').replaceChildren(shown);
  setTimeout(() => shown.remove(), 8000);
}

/** The token that unsafe requests carry in the header X-CSRFToken. */
export const csrf = () => root.dataset.csrf;
