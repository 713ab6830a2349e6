// Views that belong together: the way from one to the other.
import { html } from './vendor/preact.js';

const groups = {
  jobs: { label: 'Parts of jobs', parts: { jobs: 'Jobs', schedules: 'Schedules', queues: 'Queues' } },
  access: {
    label: 'Parts of access',
    parts: { users: 'Users', tokens: 'Tokens', secrets: 'Secrets', audit: 'Audit' },
  },
};
export const jobViews = Object.keys(groups.jobs.parts);
export const accessViews = Object.keys(groups.access.parts);

const Tabs = ({ group, view }) => html`
  <nav class="tabs" aria-label=${groups[group].label}>${Object.entries(groups[group].parts).map(
    ([name, label]) => html`
    <a href=${`#/${name}`} aria-current=${name === view ? 'page' : undefined}
      data-testid=${`${group}-${name}`}>${label}</a>`,
  )}</nav>`;

export const JobTabs = ({ view }) => html`<${Tabs} group="jobs" view=${view} />`;
export const AccessTabs = ({ view }) => html`<${Tabs} group="access" view=${view} />`;
