// The address of exactly what is seen: repetition, frame, mode and camera. It stands in the address bar, so that a link, a
// reload or a sign-in leads back to the same view.
import { MODES } from './player.js';
import { CAMERAS } from './view.js';

const WAIT = 250; // milliseconds; browsers forbid changing the address very often

/** What an address asks for; what it does not say, or says wrongly, is undefined. */
export function asked(search = location.search) {
  const query = new URLSearchParams(search), frame = parseInt(query.get('frame'), 10), camera = query.get('cam');
  const view = (query.get('view') ?? '').split(',').map(Number);
  return {
    frame: frame > 0 ? frame - 1 : undefined, // the address counts from 1, as the page does
    mode: [...MODES, 'before'].find((mode) => mode === query.get('mode')),
    camera: camera in CAMERAS || camera === 'free' ? camera : undefined,
    view: view.length === 3 && view.every(Number.isFinite) ? view : undefined,
  };
}

export class Place {
  constructor(player, current) {
    Object.assign(this, { player, current });
    for (const event of ['frame', 'state', 'mode', 'camera']) player?.addEventListener(event, () => this.later());
  }

  get query() {
    const { player } = this, query = new URLSearchParams({ repetition: this.current() });
    if (player?.motion) {
      query.set('frame', Math.round(player.frame) + 1);
      query.set('mode', player.mode);
      query.set('cam', player.cameraName);
      if (player.cameraName === 'free') query.set('view', player.view.free.map((value) => value.toFixed(2)));
    }
    return `?${query}`;
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { if (!this.player.playing) this.write(); }, WAIT);
  }

  write() { history.replaceState(null, '', this.query); }

  /** Go to what an address asked for, as far as it did. */
  go({ frame, mode, camera, view }) {
    const { player } = this;
    if (mode) player.setMode(mode);
    if (camera === 'free' && view) player.goTo(view);
    else if (camera) player.camera(camera);
    if (frame !== undefined) player.seek(frame);
  }
}
