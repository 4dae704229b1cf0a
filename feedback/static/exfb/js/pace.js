// How sharp the picture is. A still one is drawn at twice the resolution, which smooths its edges; while it moves it is as
// sharp as the machine can draw in time, so that it runs smoothly on a laptop and without any graphics hardware too.
const STILL = 2; // pixels drawn for each CSS pixel, along each side
const MOVING = [2, 1]; // sharpest first
const SLOW = 1000 / 40; // milliseconds from one frame to the next; more is too slow
const PATIENCE = 4; // slow frames in a row
const ASLEEP = 2000; // milliseconds; the page was hidden meanwhile
const REST = 160; // milliseconds without a frame, after which the picture is still

export class Pace {
  // `redraw` draws the present frame once more.
  constructor(renderer, redraw) {
    Object.assign(this, { renderer, redraw, level: 0, slow: 0, last: 0 });
    renderer.setPixelRatio(STILL);
  }

  resize({ width, height }) { this.renderer.setSize(width, height, false); }

  // A frame is about to be drawn; more follow at once if it `plays`, or may follow as in a drag.
  begin(plays) {
    const now = performance.now(), since = now - this.last;
    this.last = now;
    clearTimeout(this.timer);
    if (plays) this.judge(since);
    else if (since < REST) this.timer = setTimeout(() => this.rest(), REST);
    this.ratio(plays || since < REST ? MOVING[this.level] : STILL);
  }

  // Nothing moves any more.
  rest() {
    this.last = 0;
    this.redraw();
  }

  judge(since) {
    this.slow = since > SLOW && since < ASLEEP ? this.slow + 1 : 0;
    if (this.slow < PATIENCE) return;
    this.level = Math.min(this.level + 1, MOVING.length - 1);
    this.slow = 0;
  }

  ratio(wanted) {
    if (this.renderer.getPixelRatio() !== wanted) this.renderer.setPixelRatio(wanted);
  }
}
