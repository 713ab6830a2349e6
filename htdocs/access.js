// What the views of users, tokens, secrets and the audit trail have in common: the way from one to the other.
import { html } from './vendor/preact.js';

const parts = { users: 'Users', tokens: 'Tokens', secrets: 'Secrets', audit: 'Audit' };
export const accessViews = Object.keys(parts);

export const AccessTabs = ({ view }) => html`
  <nav class="tabs" aria-label="Parts of access">${accessViews.map(
    (name) => html`
    <a href=${`#/${name}`} aria-current=${name === view ? 'page' : undefined}
      data-testid=${`access-${name}`}>${parts[name]}</a>`,
  )}</nav>`;
