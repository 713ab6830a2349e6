// Single keys for who works with the keyboard. They do nothing while somebody types or answers a dialog, and can be
// turned off (speech input would press them by accident).
import { html, useEffect, useRef, useState } from './vendor/preact.js';
import { Button, Dialog } from './ui.js';

const list = [
  [
    'Everywhere',
    [
      ['?', 'These shortcuts'],
      ['g j', 'Jobs'],
      ['g c', 'Create a job'],
      ['g s', 'Schedules'],
      ['g q', 'Queues'],
      ['g w', 'Workers'],
      ['g n', 'Create a worker'],
      ['g a', 'Access: users, tokens and more'],
      ['g m', 'Your account'],
      ['/', 'Search'],
      ['r', 'Reload'],
      ['c', 'Create one of what is listed'],
    ],
  ],
  [
    'In a list',
    [
      ['j', 'Down'],
      ['k', 'Up'],
      ['x', 'Select'],
      ['Enter', 'Open'],
      ['Esc', 'Clear the selection'],
    ],
  ],
  [
    'A job',
    [
      ['l', 'Log'],
      ['o', 'Response'],
      ['p', 'Parameters'],
      ['a', 'Attempts'],
      ['h', 'Chain'],
      ['u', 'Back to the list'],
    ],
  ],
  [
    'The code',
    [
      ['Ctrl S', 'Save'],
      ['Ctrl F', 'Find'],
      ['Esc Tab', 'Leave the editor'],
    ],
  ],
];

const isOn = () => localStorage.getItem('shortcuts') !== 'off';
const typing = (element) =>
  Boolean(element.closest('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]')) ||
  Boolean(element.shadowRoot);

// keys: { 'x': function, 'g j': function, 'c': false (not for this role) }; null: none for now.
export function useShortcuts(keys) {
  const live = useRef(keys);
  live.current = keys;
  useEffect(() => {
    let prefix = '';
    const pressed = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !live.current || !isOn()) return;
      if (typing(event.target) || document.querySelector('dialog[open]')) return;
      const action = live.current[prefix + event.key];
      prefix = event.key === 'g' && !prefix ? 'g ' : '';
      if (!action) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, []);
}

export const goTo = (hash) => () => {
  location.hash = hash;
};

export const focusOn = (selector) => () => {
  const element = document.querySelector(selector);
  if (element) {
    element.focus();
    if (element.select) element.select();
  }
};

export function ShortcutHelp({ onClose }) {
  const [on, setOn] = useState(isOn);
  const toggle = () => {
    localStorage.setItem('shortcuts', on ? 'off' : 'on');
    setOn(!on);
  };
  return html`
    <${Dialog} title="Keyboard shortcuts" kind="wide" onClose=${onClose}>
      <div class="shortcuts">
        ${list.map(
          ([title, keys]) => html`
          <section><h3>${title}</h3><dl>${keys.map(
            ([key, does]) => html`
            <div><dt>${key.split(' ').map((part) => html`<kbd>${part}</kbd> `)}</dt><dd>${does}</dd></div>`,
          )}</dl></section>`,
        )}
      </div>
      <div class="row spread">
        <label class="inline">
          <input type="checkbox" checked=${on} onChange=${toggle} data-testid="shortcuts-on" /> Single keys are on
        </label>
        <${Button} kind="primary" autofocus onClick=${onClose} data-testid="shortcuts-close">Close<//>
      </div>
    <//>`;
}
