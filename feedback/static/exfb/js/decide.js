// The clinician's decisions: confirm by one key, override by two; what becomes of each is told where it was made.
import { say, toast } from './shell.js';
import { Chooser } from './chooser.js';
import { outbox } from './outbox.js';
import { articleOf, cellOf, give, refresh } from './verdicts.js';

const all = (selector) => [...document.querySelectorAll(selector)];
const ofMessage = (message) => all('article.finding').find((article) => article.dataset.verdictsUrl === message.url);

export class Decide extends EventTarget {
  // `desk` is the page: current(), select(uuid), order(); `notes` has what is being written. Events: saved {uuid}.
  constructor(findings, words, desk, notes) {
    super();
    Object.assign(this, { words, desk, notes, choosers: new WeakMap() });
    findings.addEventListener('click', ({ target }) => this.press(target.closest('button')));
    outbox.addEventListener('kept', ({ detail }) => this.saved(detail));
    for (const event of ['conflict', 'refused']) outbox.addEventListener(event, ({ detail: { message } }) => this.failed(message));
    outbox.ready.then(() => this.restore());
  }

  get article() { return articleOf(this.desk.current()); }

  chooser(article = this.article) {
    if (article && !this.choosers.has(article)) this.choosers.set(article, new Chooser(article));
    return this.choosers.get(article);
  }

  // ---- what is pressed
  press(button) {
    if (!button || button.disabled) return;
    const { label, reason, decide } = button.dataset, chooser = this.chooser();
    if (label) chooser.toggle(button);
    else if (reason !== undefined) this.say(chooser.said(reason));
    else if (decide === 'confirm') this.say({ decision: 'confirmed' });
    else if (decide === 'override') chooser.open(!chooser.isOpen);
    else if (decide === 'not_a_repetition') this.say({ decision: 'not_a_repetition' });
    else if (decide === 'undo') this.undo(this.desk.current());
    else if (decide === 'insist') outbox.insist(this.stuck(this.article).uuid);
    else if (decide === 'give_up') this.giveUp();
  }

  keys() {
    const click = (selector) => () => this.article?.querySelector(`${selector}:not(:disabled)`)?.click();
    const reasons = all('[data-reason][data-key]').map((button) => button.dataset.key.toLowerCase());
    const inChooser = (selector) => () => { if (this.chooser()?.isOpen) click(`.chooser ${selector}`)(); };
    return {
      c: click('[data-decide="confirm"]'), o: click('[data-decide="override"]'), u: click('[data-decide="undo"]'),
      x: click('[data-decide="not_a_repetition"]'), Escape: () => this.chooser()?.open(false), Enter: inChooser('[data-reason]'),
      ...Object.fromEntries(reasons.map((key) => [key, inChooser(`[data-key="${key.toUpperCase()}"]`)])),
      ...Object.fromEntries(Array.from({ length: 9 }, (_, i) => [i + 1, click(`[data-number="${i + 1}"]`)])),
    };
  }

  // ---- sending
  say(said) {
    const uuid = this.desk.current(), article = this.article;
    give(article, { ...said, note: this.notes.take(article.querySelector('[data-note]')) });
    this.chooser(article).open(false);
    article.querySelector('.stuck').hidden = true;
    cellOf(uuid).classList.add('saving');
    if (said.decision !== 'undone') this.moveOn(uuid);
  }

  undo(uuid) {
    this.desk.select(uuid);
    this.say({ decision: 'undone' });
  }

  moveOn(uuid) {
    const order = this.desk.order(), from = order.indexOf(uuid);
    // What was sent is decided, though the answer, or what it changed, is not here yet.
    const isOpen = (one) => cellOf(one).matches('.open:not(.saving)') && !outbox.to(articleOf(one).dataset.verdictsUrl).length;
    this.desk.select([...order.slice(from + 1), ...order.slice(0, from)].find(isOpen));
  }

  // ---- what became of it
  async saved({ message, answer }) {
    const article = ofMessage(message);
    if (!article) return;
    const { repetition: uuid, number } = article.dataset;
    article.dataset.seen = answer.uuid;
    await refresh(uuid);
    cellOf(uuid).classList.toggle('saving', outbox.to(message.url).length > 0);
    this.dispatchEvent(new CustomEvent('saved', { detail: { uuid } }));
    if (answer.decision === 'undone') toast(say(this.words.taken_back, { number }));
    else toast(say(this.words.saved, { number }), { label: this.words.take_back, action: () => this.undo(uuid) });
  }

  async failed(message) {
    const article = ofMessage(message);
    if (!article) return;
    const { repetition: uuid, number } = article.dataset;
    await refresh(uuid); // what stands is shown beside what was not kept
    this.showStuck(message);
    toast(say(this.words.not_saved, { number }), { label: this.words.look, action: () => this.desk.select(uuid) });
  }

  stuck(article) { return outbox.to(article.dataset.verdictsUrl).find((message) => message.state !== 'waiting'); }

  // The verdict that was not kept, with the reason and with the two ways on.
  showStuck(message) {
    const article = ofMessage(message), place = article.querySelector('.stuck'), { body, state, status } = message;
    const name = (code) => article.querySelector(`[data-label="${code}"] .name`)?.textContent ?? code;
    const labels = [body.label, body.second_label].filter(Boolean).map(name);
    const reason = status === 404 ? this.words.gone : message.sentence ?? this.words.server_failed;
    const yours = [labels.join(' + ') || this.words.decisions[body.decision], body.note && `“${body.note}”`].filter(Boolean).join(' ');
    place.querySelector('[data-why]').textContent = reason;
    place.querySelector('[data-yours]').textContent = say(this.words.yours, { yours });
    for (const [name, shown] of [['conflict', state === 'conflict'], ['refused', state === 'refused']]) {
      for (const one of place.querySelectorAll(`[data-when="${name}"]`)) one.hidden = !shown;
    }
    place.hidden = false;
    cellOf(article.dataset.repetition).classList.remove('saving');
    cellOf(article.dataset.repetition).classList.add('failed');
  }

  // What stands is kept; the note that was not goes back to where it was written.
  giveUp() {
    const article = this.article, message = this.stuck(article), note = article.querySelector('[data-note]');
    if (note && !note.value && message.body.note) note.value = message.body.note;
    this.notes.draft(note);
    outbox.drop(message.uuid);
    article.querySelector('.stuck').hidden = true;
    cellOf(article.dataset.repetition).classList.remove('failed', 'saving');
  }

  // After a sign-in or a crash: what was sent and not kept.
  async restore() {
    for (const message of outbox.all) {
      const article = ofMessage(message);
      if (!article) continue;
      if (message.state === 'waiting') cellOf(article.dataset.repetition).classList.add('saving');
      else this.showStuck(message);
    }
  }
}
