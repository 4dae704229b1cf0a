// Notes: on the whole session, a repetition, or the moment that is shown. They go through the outbox as verdicts do.
import { say, toast } from './shell.js';
import { outbox, request } from './outbox.js';
import { forget, keep, kept } from './vault.js';
import { randomId, refresh } from './verdicts.js';

const DRAFT = 'draft:';
const fields = () => [...document.querySelectorAll('[data-note]')];
const articleOfField = (field) => field.closest('article');

export class Notes {
  // `desk` is the page: current(), frame() from 0. `place` names the view of a repetition at a frame.
  constructor(root, words, desk) {
    Object.assign(this, { words, desk, url: root.dataset.notesUrl });
    root.addEventListener('input', ({ target }) => { if (target.matches('[data-note]')) this.draft(target); });
    root.addEventListener('click', ({ target }) => this.press(target.closest('button')));
    root.addEventListener('keydown', (e) => {
      if (!e.target.matches('[data-note]')) return;
      if (e.key === 'Escape') e.target.blur();
      if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) this.write(e.target);
    });
    outbox.addEventListener('kept', ({ detail: { message } }) => this.saved(message));
    outbox.addEventListener('refused', ({ detail: { message } }) => this.refused(message));
    this.restore();
  }

  press(button) {
    if (button?.dataset.do === 'write-note') this.write(articleOfField(button).querySelector('[data-note]'));
    if (button?.dataset.deleteUrl) this.remove(button);
  }

  // What stands in a field, taken out of it: it is now somebody else's to keep.
  take(field) {
    const text = field?.value.trim() ?? '';
    if (field) field.value = '';
    if (field) forget(DRAFT + articleOfField(field).dataset.repetition);
    return text;
  }

  write(field) {
    const article = articleOfField(field), about = article.querySelector('[data-note-about]').value, { repetition } = article.dataset;
    const text = this.take(field);
    if (!text) return;
    const body = { uuid: randomId(), text, ...(about === 'session' ? {} : { repetition }), ...(about === 'frame' ? { frame: this.desk.frame() } : {}) };
    outbox.add(this.url, body, `${location.pathname}?repetition=${repetition}`);
    field.blur();
  }

  async saved(message) {
    if (message.url !== this.url) return;
    await refresh(message.body.repetition ?? this.desk.current());
    toast(this.words.note_saved);
  }

  // The words go back to where they were written, with the reason.
  refused(message) {
    if (message.url !== this.url) return;
    const { repetition, text } = message.body;
    const field = fields().find((one) => articleOfField(one).dataset.repetition === repetition) ?? fields()[0];
    field.value = [text, field.value].filter(Boolean).join('\n');
    this.draft(field);
    outbox.drop(message.uuid);
    toast(say(this.words.note_refused, { reason: message.sentence ?? this.words.server_failed }));
  }

  async remove(button) {
    const { status } = await request('POST', button.dataset.deleteUrl);
    if (status === 204 || status === 404) await refresh(this.desk.current());
    toast(status === 204 || status === 404 ? this.words.note_deleted : this.words.note_not_deleted);
  }

  draft(field) {
    const name = DRAFT + articleOfField(field).dataset.repetition;
    if (field.value) keep(name, field.value); else forget(name);
  }

  // What was being written when the page went away.
  async restore() {
    for (const field of fields()) {
      const text = await kept(DRAFT + articleOfField(field).dataset.repetition);
      if (text && !field.value) field.value = text;
    }
  }
}
