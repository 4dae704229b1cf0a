// Makes or shows a passkey with the options that the page brought, and sends what the browser says with the form.
const form = document.querySelector('[data-passkey]');
const button = form.querySelector('[data-passkey-button]');
const answer = form.querySelector('input[name$=answer]');

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

/** The options as the browser wants them: what is base64url in JSON becomes bytes. */
function options() {
  const { publicKey } = JSON.parse(document.querySelector('#passkey-options').textContent);
  publicKey.challenge = bytes(publicKey.challenge);
  if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
  for (const name of ['allowCredentials', 'excludeCredentials']) {
    publicKey[name]?.forEach((known) => { known.id = bytes(known.id); });
  }
  return { publicKey };
}

/** The credential as JSON: what is bytes becomes base64url. */
function plain(credential) {
  const response = {};
  for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: {} };
}

function refuse() {
  form.querySelector('.error-summary')?.remove();
  const note = Object.assign(document.createElement('p'), { className: 'note bad error-summary', textContent: form.dataset.failed });
  note.setAttribute('role', 'alert');
  form.prepend(note);
}

button?.addEventListener('click', async () => {
  if (form.dataset.passkey === 'create' && !form.reportValidity()) return;
  try {
    answer.value = JSON.stringify(plain(await navigator.credentials[form.dataset.passkey](options())));
    form.submit();
  } catch {
    refuse(); // cancelled, timed out, or none there: the browser does not tell which
  }
});
