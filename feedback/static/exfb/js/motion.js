// Starts the player on every [data-player] that names its motion, for pages that need nothing else of it.
import { mount } from './controls.js';

for (const root of document.querySelectorAll('[data-player][data-motion-url]')) mount(root);
