// Marks the page as ready when each of its modules has run, also one that waits for something. Loaded last, by base.html.
const modules = [...document.querySelectorAll('script[type="module"][src]')].filter((script) => script.src !== import.meta.url);
await Promise.allSettled(modules.map((script) => import(script.src)));
document.body.dataset.ready = '';
