// Keeps what a person has written in this browser until the server has it, so that nothing is lost when the connection,
// the sign-in or the browser ends. It lies encrypted (AES-GCM): the key comes with each page of that person and is
// never kept, so that nobody else who uses this browser can read it. Names hold ids only.
const [person, secret] = (document.documentElement.dataset.vault ?? '').split('.');
const PREFIX = `exfb-vault:${person}:`;
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));

/** Whether things outlive the page. Browsers encrypt on HTTPS and on this machine only; elsewhere memory has to do. */
export const lasts = !!(secret && globalThis.crypto?.subtle);
const memory = new Map();
const key = lasts ? crypto.subtle.importKey('raw', bytes(secret), 'AES-GCM', false, ['encrypt', 'decrypt']) : null;

export async function keep(name, value) {
  if (!lasts) return void memory.set(name, value);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await key, new TextEncoder().encode(JSON.stringify(value)));
  localStorage.setItem(PREFIX + name, `${text(iv)} ${text(sealed)}`);
}

/** What was kept under a name; null where nothing is, or nothing that this person can read. */
export async function kept(name) {
  if (!lasts) return memory.get(name) ?? null;
  const [iv, sealed] = (localStorage.getItem(PREFIX + name) ?? '').split(' ');
  if (!sealed) return null;
  try {
    const open = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: bytes(iv) }, await key, bytes(sealed));
    return JSON.parse(new TextDecoder().decode(open));
  } catch { // sealed with another key: the site's secret was changed
    forget(name);
    return null;
  }
}

export function forget(name) {
  memory.delete(name);
  localStorage.removeItem(PREFIX + name);
}

/** The names that begin so. */
export function names(beginning) {
  const all = lasts ? Object.keys(localStorage).filter((one) => one.startsWith(PREFIX)).map((one) => one.slice(PREFIX.length)) : [...memory.keys()];
  return all.filter((one) => one.startsWith(beginning));
}

/** Call with the name of what another tab has forgotten. */
export function onForgotten(action) {
  addEventListener('storage', (e) => { if (e.newValue === null && e.key?.startsWith(PREFIX)) action(e.key.slice(PREFIX.length)); });
}
