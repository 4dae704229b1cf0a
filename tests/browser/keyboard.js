// What tests of the keyboard ask a page: what a person could act on, and where the focus is now.
(() => {
  const WANTED = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
  const reachable = (one) => one.checkVisibility({ checkVisibilityCSS: true }) && one.tabIndex >= 0 && !one.disabled
    && !one.closest('details:not([open]) > :not(summary)');
  const outlined = (one, part) => {
    const style = getComputedStyle(one, part);
    return parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== 'none';
  };

  window.keyboard = {
    /** Number everything that can be acted on, one of each group of radio buttons, and return how many there are. */
    mark() {
      const groups = new Set();
      const all = [...document.querySelectorAll(WANTED)].filter((one) => {
        if (!reachable(one) || (one.type === 'radio' && groups.has(one.name))) return false;
        if (one.type === 'radio') groups.add(one.name);
        return true;
      });
      all.forEach((one, i) => { one.dataset.stop = i; });
      return all.length;
    },
    /** Where the focus is, and whether a person sees it: on the element, beside it or around it. */
    where() {
      const at = document.activeElement;
      const stop = at.type === 'radio' ? document.querySelector(`[name="${at.name}"][data-stop]`) : at;
      const around = [at, at.nextElementSibling, at.closest('.drop'), at.closest('li')];
      const shown = around.some((one) => one && [null, '::after'].some((part) => outlined(one, part)));
      return { stop: stop?.dataset.stop ?? '', shown: shown || at === document.body, html: at.outerHTML.slice(0, 90) };
    },
    html: (stop) => document.querySelector(`[data-stop="${stop}"]`).outerHTML.slice(0, 90),
  };
})();
