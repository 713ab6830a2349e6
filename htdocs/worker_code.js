// What the views of an existing and of a new worker have in common.
import { html, useEffect } from './vendor/preact.js';
import { guardLeaving, isGuarded } from './route.js';
import { Notice, confirm } from './ui.js';

// Leaving with unsaved text is asked for, whichever way one leaves.
export function useUnsaved(unsaved) {
  useEffect(() => {
    if (!unsaved) return undefined;
    guardLeaving(() =>
      confirm({
        title: 'Leave without saving?',
        text: 'What you changed in the code is lost then.',
        action: 'Leave',
        danger: true,
      }),
    );
    const warn = (event) => {
      if (isGuarded()) event.preventDefault();
    };
    window.addEventListener('beforeunload', warn);
    return () => {
      guardLeaving(null);
      window.removeEventListener('beforeunload', warn);
    };
  }, [unsaved]);
}

// What the compiler or the syntax check said; each leads to its place in the code.
export function Complaints({ problem, goTo }) {
  return html`
    <${Notice}><b>${problem.message}</b>
      ${
        problem.data.length > 0 &&
        html`<ul class="complaints">${problem.data.map(
          (complaint) => html`
        <li><button type="button" onClick=${() => goTo(complaint.line, complaint.column)} data-testid="complaint">
          <span class="mono">${complaint.line}:${complaint.column}${' '}</span>
          <span class=${`severity ${complaint.severity}`}>${complaint.severity}${' '}</span>
          <span>${complaint.message}</span>
        </button></li>`,
        )}</ul>`
      }
    <//>`;
}
