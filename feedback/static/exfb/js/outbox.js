// Sends what a clinician decided or wrote until the server has it: in order, again when it failed, from whichever page
// is open. Each message carries an id, so that one that is sent twice is kept once.
import { csrf } from './shell.js';
import { forget, keep, kept, names, onForgotten } from './vault.js';

const KIND = 'message:';
const WAITS = [2, 4, 8, 15, 30]; // seconds until it is tried again
// What becomes of a message is told once: nothing is sent before the modules of the page have run and listen.
const listened = document.readyState === 'complete'
  ? Promise.resolve() : new Promise((done) => { addEventListener('load', done, { once: true }); });
// Signing in again in another tab renews the token, so the cookie is asked before the page.
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? csrf();
const sentenceOf = (problem) => problem?.errors?.map((error) => error.detail).join(' ') || null;

/** Ask the API once. Resolves to {status, body}; status 0 where there is no connection. */
export async function request(method, url, body) {
  try {
    const answer = await fetch(url, {
      method,
      keepalive: true, // goes on when the page is left
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': token() },
      body: body && JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  } catch {
    return { status: 0, body: null };
  }
}

class Outbox extends EventTarget {
  // A message: {uuid, url, body, page, at, state: waiting|conflict|refused, sentence, standing}. Events: change; kept
  // {message, answer}, conflict {message}, refused {message}, all after the change.
  constructor() {
    super();
    this.messages = new Map();
    this.signedOut = false;
    this.failures = 0;
    this.ready = this.open();
    addEventListener('online', () => this.pump());
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.pump(); });
    onForgotten((name) => { if (this.messages.delete(name.slice(KIND.length))) this.changed(); });
  }

  async open() {
    for (const name of names(KIND)) {
      const message = await kept(name);
      if (message) this.messages.set(message.uuid, message);
    }
    this.changed();
    listened.then(() => this.pump());
  }

  get all() { return [...this.messages.values()].sort((a, b) => a.at - b.at); }
  get waiting() { return this.all.filter((message) => message.state === 'waiting'); }
  get stuck() { return this.all.filter((message) => message.state !== 'waiting'); }
  to(url) { return this.all.filter((message) => message.url === url); }

  // Keeps it here first, then sends it. `page` is where the person can look at it.
  async add(url, body, page) {
    const message = { uuid: body.uuid, url, body, page, at: Math.max(Date.now(), ...this.all.map((one) => one.at + 1)), state: 'waiting' };
    this.messages.set(message.uuid, message);
    await keep(KIND + message.uuid, message);
    this.changed(); // who reads that it will be tried again may leave
    this.pump();
    return message;
  }

  // Gives up a message, and what was to follow it at the same address.
  drop(uuid) {
    const gone = this.messages.get(uuid);
    for (const message of this.all) if (message === gone || (message.url === gone?.url && message.at > gone.at)) this.remove(message);
    this.changed();
  }

  // Sends once more what was in conflict, now that the person has seen what stands.
  async insist(uuid) {
    const message = this.messages.get(uuid);
    if (!message) return;
    if (message.state === 'conflict') message.body.seen = message.standing?.uuid ?? null;
    await this.mark(message, 'waiting');
    this.pump();
  }

  changed() { this.dispatchEvent(new Event('change')); }
  tell(kind, message, answer) {
    this.changed();
    this.dispatchEvent(new CustomEvent(kind, { detail: { message, answer } }));
  }

  remove(message) {
    this.messages.delete(message.uuid);
    forget(KIND + message.uuid);
  }

  async mark(message, state, more = {}) {
    Object.assign(message, { state, ...more });
    await keep(KIND + message.uuid, message);
  }

  // The first message that nothing before it at the same address holds up.
  next() {
    const held = new Set(this.stuck.map((message) => message.url));
    return this.waiting.find((message) => !held.has(message.url));
  }

  async pump() {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.timer);
    for (let message = this.next(); message; message = this.next()) {
      if (!(await this.send(message))) { this.later(); break; }
    }
    this.sending = false;
  }

  later() {
    const seconds = WAITS[Math.min(this.failures, WAITS.length - 1)];
    this.failures += 1;
    this.timer = setTimeout(() => this.pump(), seconds * 1000);
  }

  // Returns false where it has to be tried again later.
  async send(message) {
    const { status, body } = await request('POST', message.url, message.body);
    this.signedOut = status === 401;
    if (!status || status === 401 || status === 403 && this.wasToken(body) || status === 429 || status >= 500) {
      this.changed();
      return false;
    }
    this.failures = 0;
    if (!this.messages.has(message.uuid)) return true; // given up, or sent by another tab
    if (status === 409) {
      await this.mark(message, 'conflict', { sentence: sentenceOf(body), standing: body?.standing ?? null });
      this.tell('conflict', message);
    } else if (status >= 400) {
      await this.mark(message, 'refused', { status, sentence: sentenceOf(body) });
      this.tell('refused', message);
    } else await this.arrived(message, body);
    return true;
  }

  wasToken(body) { return /CSRF/.test(sentenceOf(body) ?? ''); }

  async arrived(message, answer) {
    this.remove(message);
    // What was decided after this one was decided knowing it, whichever id it has now.
    for (const one of this.to(message.url)) if (one.body.seen === message.uuid) one.body.seen = answer.uuid;
    this.tell('kept', message, answer);
  }
}

export const outbox = new Outbox();
