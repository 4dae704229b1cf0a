// Applies the stored theme before the first paint. A classic script, loaded in <head>, on purpose.
(() => {
  document.documentElement.classList.add('js');
  const asked = new URLSearchParams(location.search).get('theme');
  let stored = null;
  try { stored = localStorage.getItem('exfb-theme'); } catch { /* storage may be forbidden: follow the system */ }
  const theme = asked || stored;
  if (theme && theme !== 'system') document.documentElement.dataset.theme = theme;
})();
