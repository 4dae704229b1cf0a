// The timeline on which a clinician moves, splits, merges, deletes and adds repetitions. Loaded by the session page.
import { csrf, say } from './shell.js';

const STEP_S = 0.1, SHORTEST_S = 0.5;

class CutLine {
  constructor(place) {
    this.place = place;
    this.track = place.querySelector('[data-track]');
    this.said = place.querySelector('[data-said]');
    this.told = place.querySelector('[data-told]');
    this.exercise = place.querySelector('[data-exercise]');
    place.addEventListener('click', (e) => { const b = e.target.closest('[data-do]'); if (b) this.act(b.dataset.do); });
    this.exercise.addEventListener('change', () => { if (this.one) { this.one.exercise = this.exercise.value; this.draw(); } });
    this.track.addEventListener('pointerdown', (e) => this.drag(e));
    this.track.addEventListener('keydown', (e) => this.key(e));
  }

  async load() {
    const answer = await fetch(this.place.dataset.cutsUrl, { headers: { Accept: 'application/json' } });
    if (answer.ok) this.take(await answer.json());
  }

  take(told) {
    this.saved = told;
    this.cuts = told.cuts.map((cut) => ({ ...cut }));
    this.at = Math.min(this.at ?? 0, this.cuts.length - 1);
    this.busy = ['queued', 'running'].includes(told.status);
    this.said.textContent = this.busy ? this.said.dataset.waits : '';
    this.draw();
    if (this.busy) setTimeout(() => this.wait(), 1500);
  }

  async wait() {
    const answer = await fetch(this.place.dataset.cutsUrl, { headers: { Accept: 'application/json' } }).catch(() => null);
    const told = answer?.ok ? await answer.json() : null;
    if (told?.status === 'done') location.reload();
    else if (!told || ['queued', 'running'].includes(told.status)) setTimeout(() => this.wait(), 2000);
    else location.href = this.place.dataset.recordingUrl;
  }

  get one() { return this.cuts[this.at]; }
  get rate() { return this.saved.frame_rate; }
  get least() { return Math.ceil(SHORTEST_S * this.rate); }
  get changed() { return JSON.stringify(this.cuts) !== JSON.stringify(this.saved.cuts); }

  /* An edge goes no further than its neighbours and leaves the repetition long enough. */
  move(i, edge, frame) {
    const cut = this.cuts[i], before = this.cuts[i - 1]?.end_frame ?? 0;
    const after = this.cuts[i + 1]?.start_frame ?? this.saved.frames;
    if (edge === 'start') cut.start_frame = Math.max(before, Math.min(cut.end_frame - this.least, Math.round(frame)));
    else cut.end_frame = Math.min(after, Math.max(cut.start_frame + this.least, Math.round(frame)));
  }

  act(what) {
    if (!this.saved || this.busy) return;
    const cut = this.one, step = Math.max(1, Math.round(STEP_S * this.rate));
    if (what === 'save') { this.save(); return; }
    if (what === 'reset') this.take(this.saved);
    else if (what === 'add') this.add();
    else if (!cut) return;
    else if (what.startsWith('start')) this.move(this.at, 'start', cut.start_frame + (what.endsWith('+') ? step : -step));
    else if (what.startsWith('end')) this.move(this.at, 'end', cut.end_frame + (what.endsWith('+') ? step : -step));
    else if (what === 'split') this.split(cut);
    else if (what === 'merge' && this.cuts[this.at + 1]) cut.end_frame = this.cuts.splice(this.at + 1, 1)[0].end_frame;
    else if (what === 'delete') { this.cuts.splice(this.at, 1); this.at = Math.max(0, Math.min(this.at, this.cuts.length - 1)); }
    this.draw();
  }

  split(cut) {
    const middle = Math.round((cut.start_frame + cut.end_frame) / 2);
    if (middle - cut.start_frame < this.least) return;
    this.cuts.splice(this.at + 1, 0, { ...cut, start_frame: middle });
    cut.end_frame = middle;
  }

  /* In the widest gap, as long as the others are. */
  add() {
    const edges = [0, ...this.cuts.flatMap((cut) => [cut.start_frame, cut.end_frame]), this.saved.frames];
    const gaps = edges.flatMap((edge, i) => (i % 2 ? [] : [{ start: edge, length: edges[i + 1] - edge, i: i / 2 }]));
    const gap = gaps.reduce((a, b) => (b.length > a.length ? b : a));
    if (gap.length < this.least) { this.said.textContent = this.said.dataset.room; return; }
    const length = Math.min(gap.length, Math.round(3 * this.rate)), start = gap.start + Math.round((gap.length - length) / 2);
    this.cuts.splice(gap.i, 0, { start_frame: start, end_frame: start + length, exercise: this.exercise.value });
    this.at = gap.i;
  }

  async save() {
    const answer = await fetch(this.place.dataset.cutsUrl, {
      method: 'PUT',
      headers: { Accept: 'application/json', 'Content-Type': 'application/json', 'X-CSRFToken': csrf() },
      body: JSON.stringify({ seen: this.saved.repetitions, cuts: this.cuts }),
    }).catch(() => null);
    const told = await answer?.json().catch(() => null);
    if (answer?.ok) this.take(told);
    else this.said.textContent = told?.errors?.[0]?.detail ?? this.said.dataset.failed;
  }

  drag(e) {
    const handle = e.target.closest('[data-edge]'), box = this.track.getBoundingClientRect();
    if (!handle || this.busy) return;
    const i = Number(handle.dataset.i), rtl = getComputedStyle(this.track).direction === 'rtl';
    const to = (event) => {
      const share = (event.clientX - box.left) / box.width;
      this.move(i, handle.dataset.edge, (rtl ? 1 - share : share) * this.saved.frames);
      this.at = i; this.place_all(); this.tell();
    };
    const end = () => { this.track.removeEventListener('pointermove', to); this.draw(); };
    this.track.setPointerCapture(e.pointerId);
    this.track.addEventListener('pointermove', to);
    this.track.addEventListener('pointerup', end, { once: true });
    this.track.addEventListener('pointercancel', end, { once: true });
    e.preventDefault();
  }

  key(e) {
    const handle = e.target.closest('[data-edge]'), by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[e.key];
    if (!handle || !by || this.busy) return;
    const i = Number(handle.dataset.i), edge = handle.dataset.edge, cut = this.cuts[i];
    this.at = i;
    this.move(i, edge, cut[`${edge}_frame`] + by * (e.shiftKey ? Math.round(this.rate) : Math.max(1, Math.round(STEP_S * this.rate))));
    e.preventDefault(); e.stopPropagation();
    this.draw(`[data-i="${i}"][data-edge="${edge}"]`);
  }

  seconds(frame) { return (frame / this.rate).toFixed(1); }

  draw(focus) {
    this.track.replaceChildren(...this.cuts.flatMap((cut, i) => {
      const part = document.createElement('button');
      Object.assign(part, { type: 'button', className: 'cut num', textContent: i + 1 });
      part.setAttribute('aria-pressed', i === this.at);
      part.setAttribute('aria-label', this.words(i));
      part.addEventListener('click', () => { this.at = i; this.draw(`.cut:nth-of-type(${i + 1})`); });
      const handles = ['start', 'end'].map((edge) => {
        const handle = document.createElement('span');
        Object.assign(handle, { tabIndex: 0, className: 'cut-edge' });
        Object.assign(handle.dataset, { i, edge });
        handle.setAttribute('role', 'slider');
        handle.setAttribute('aria-label', say(this.said.dataset[edge], { n: i + 1 }));
        handle.setAttribute('aria-valuemin', 0);
        return handle;
      });
      return [part, ...handles];
    }));
    this.place_all();
    this.tell();
    if (focus) this.track.querySelector(focus)?.focus();
  }

  place_all() {
    const all = this.saved.frames;
    this.track.querySelectorAll('.cut').forEach((part, i) => {
      const { start_frame: a, end_frame: b } = this.cuts[i];
      part.style.insetInlineStart = `${(100 * a) / all}%`;
      part.style.inlineSize = `${(100 * (b - a)) / all}%`;
    });
    for (const handle of this.track.querySelectorAll('[data-edge]')) {
      const frame = this.cuts[handle.dataset.i][`${handle.dataset.edge}_frame`];
      handle.style.insetInlineStart = `${(100 * frame) / all}%`;
      handle.setAttribute('aria-valuemax', this.seconds(all));
      handle.setAttribute('aria-valuenow', this.seconds(frame));
      handle.setAttribute('aria-valuetext', `${this.seconds(frame)} s`);
    }
  }

  words(i) {
    const cut = this.cuts[i];
    return say(this.said.dataset.number, { n: i + 1, start: this.seconds(cut.start_frame), end: this.seconds(cut.end_frame) });
  }

  tell() {
    if (this.one) { this.told.textContent = this.words(this.at); this.exercise.value = this.one.exercise; }
    for (const button of this.place.querySelectorAll('[data-do]')) {
      const what = button.dataset.do, needs = !['add', 'save', 'reset'].includes(what);
      button.disabled = this.busy || (needs && !this.one) || (what === 'merge' && !this.cuts[this.at + 1])
        || (['save', 'reset'].includes(what) && !this.changed);
    }
  }
}

const details = document.querySelector('#cuts');
if (details) {
  const lines = [...details.querySelectorAll('[data-cuts-url]')].map((place) => new CutLine(place));
  details.addEventListener('toggle', () => { if (details.open) lines.filter((line) => !line.saved).forEach((line) => line.load()); });
}
