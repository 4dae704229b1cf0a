// The worklist by keyboard: J and K move, Enter opens (it is a link), G opens the first, [ and ] turn the page, F goes to
// the next filter, / searches. Choosing an order sorts at once.
import { keys } from './shell.js';

const $$ = (selector) => [...document.querySelectorAll(selector)];

function move(by) {
  const links = $$('.row h2 a'), at = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, at + by))]?.focus();
}

function nextFilter() {
  const chips = $$('[data-filter]'), at = chips.findIndex((chip) => chip.hasAttribute('aria-current'));
  chips[(at + 1) % chips.length]?.click();
}

const click = (selector) => () => document.querySelector(selector)?.click();
keys({ j: () => move(1), k: () => move(-1), '/': () => document.querySelector('#q').focus(), f: nextFilter, g: click('.row h2 a'), '[': click('[rel=prev]'), ']': click('[rel=next]') });
document.querySelector('#sort').addEventListener('change', (e) => e.target.form.requestSubmit());
