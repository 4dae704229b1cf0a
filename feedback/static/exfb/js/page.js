// Wires what every page has: theme choice, shortcut switch, help dialog. Loaded once, by base.html.
import { keys, keysAreOn, switchKeys } from './shell.js';

const root = document.documentElement;
const changed = () => dispatchEvent(new Event('themechange'));

const themes = document.querySelector('[data-theme-select]');
if (themes) {
  themes.value = root.dataset.theme || 'system';
  themes.addEventListener('change', () => {
    localStorage.setItem('exfb-theme', themes.value);
    if (themes.value === 'system') delete root.dataset.theme; else root.dataset.theme = themes.value;
    changed();
  });
}
for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)']) {
  matchMedia(query).addEventListener('change', changed);
}

const keySwitch = document.querySelector('[data-keys-switch]');
const showKeys = () => {
  document.body.classList.toggle('no-keys', !keysAreOn());
  keySwitch?.setAttribute('aria-pressed', keysAreOn());
};
keySwitch?.addEventListener('click', () => { switchKeys(!keysAreOn()); showKeys(); });
showKeys();

const help = document.querySelector('#help');
if (help) {
  const open = () => help.showModal();
  document.querySelector('[data-help]')?.addEventListener('click', open);
  keys({ '?': open });
}

const account = document.querySelector('.account');
if (account) {
  addEventListener('click', (e) => { if (!account.contains(e.target)) account.open = false; });
  addEventListener('keydown', (e) => { if (e.key === 'Escape' && account.open) { account.open = false; account.querySelector('summary').focus(); } });
}
