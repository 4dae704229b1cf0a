// Overriding a finding: one or two mistakes are chosen by number, then a reason sends it.
const MOST = 2;

export class Chooser {
  // `article` is that of one repetition; its buttons carry data-label (with data-correct) and data-reason.
  constructor(article) {
    this.root = article.querySelector('.chooser');
    this.opener = article.querySelector('[data-decide="override"]');
    this.chosen = [];
  }

  get isOpen() { return !!this.root && !this.root.hidden; }

  open(open = true) {
    if (!this.root) return;
    this.root.hidden = !open;
    this.opener.setAttribute('aria-expanded', open);
    if (open) this.root.scrollIntoView({ block: 'nearest' });
    else this.choose([]);
  }

  choose(codes) {
    this.chosen = codes;
    for (const button of this.root.querySelectorAll('[data-label]')) button.setAttribute('aria-pressed', codes.includes(button.dataset.label));
    for (const button of this.root.querySelectorAll('[data-reason]')) button.disabled = !codes.length;
  }

  // Presses a class or lets it go again. "Correct" stands alone; of three mistakes the first is let go.
  toggle(button) {
    const code = button.dataset.label, alone = (one) => this.root.querySelector(`[data-label="${one}"]`).hasAttribute('data-correct');
    this.open();
    if (this.chosen.includes(code)) this.choose(this.chosen.filter((one) => one !== code));
    else if (alone(code)) this.choose([code]);
    else this.choose([...this.chosen.filter((one) => !alone(one)), code].slice(-MOST));
  }

  said(reason) {
    const [label, second_label] = this.chosen;
    return { decision: 'overridden', label, second_label, reason };
  }
}
