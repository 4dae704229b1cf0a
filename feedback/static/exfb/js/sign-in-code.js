// The link in the message carries the code behind #: put it into the form; the person presses the button.
const form = document.querySelector('[data-code-form]');
const code = decodeURIComponent(location.hash.slice(1));
if (/^[0-9A-Z-]{4,20}$/.test(code)) {
  form.elements.code.value = code;
  history.replaceState(null, '', location.pathname);
  form.querySelector('button').focus();
}
