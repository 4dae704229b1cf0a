// The upload form: drop a file, see how far it is sent, read a refusal without losing what was typed.
const form = document.querySelector('[data-upload]');
const drop = form.querySelector('[data-drop]'), input = form.querySelector('input[type=file]');
const box = form.querySelector('[data-progress]'), say = box.querySelector('[data-say]'), bar = box.querySelector('progress');
const button = form.querySelector('button.primary');

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
const showName = () => {
  const file = input.files[0];
  if (file) drop.querySelector('[data-name]').textContent = `${file.name} · ${size(file.size)}`;
};
input.addEventListener('change', showName);

for (const name of ['dragenter', 'dragover']) drop.addEventListener(name, (e) => { e.preventDefault(); drop.classList.add('over'); });
for (const name of ['dragleave', 'drop']) drop.addEventListener(name, () => drop.classList.remove('over'));
drop.addEventListener('drop', (e) => {
  e.preventDefault();
  if (e.dataTransfer.files.length) { input.files = e.dataTransfer.files; showName(); }
});

/** Put the refusal above the form; the chosen file and every other field stay as they are. */
function refuse(sentences) {
  form.querySelectorAll('.error-summary, .field .error').forEach((old) => old.remove());
  const note = Object.assign(document.createElement('div'), { className: 'note bad error-summary', tabIndex: -1 });
  note.setAttribute('role', 'alert');
  note.append(...sentences.map((textContent) => Object.assign(document.createElement('p'), { textContent })));
  form.prepend(note);
  input.setAttribute('aria-invalid', 'true');
  box.hidden = true; button.disabled = false;
  note.scrollIntoView({ block: 'nearest' }); note.focus();
}

function answered(request) {
  const page = new DOMParser().parseFromString(request.responseText, 'text/html');
  if (request.status < 400) { location.assign(request.responseURL); return; }
  const errors = [...page.querySelectorAll('.error-summary p, .error, main .lead')].map((node) => node.textContent);
  refuse(errors.length ? errors : [say.dataset.lost]);
}

form.addEventListener('submit', (e) => {
  e.preventDefault();
  const request = new XMLHttpRequest();
  request.upload.addEventListener('progress', (p) => {
    bar.value = p.total ? (100 * p.loaded) / p.total : 0;
    say.textContent = p.loaded < p.total ? `${say.dataset.sending} · ${Math.round(bar.value)} %` : say.dataset.checking;
  });
  request.addEventListener('load', () => answered(request));
  request.addEventListener('error', () => refuse([say.dataset.lost]));
  say.textContent = say.dataset.sending; bar.value = 0;
  box.hidden = false; button.disabled = true;
  request.open('POST', location.href);
  request.send(new FormData(form));
});
