// Who may make which call, in the words of the API's own table (docs/api.md; a test compares them). A control is shown
// to those who may make the call that it makes. The server checks it anyway.
const needs = {
  'GET /me/tokens': 'viewer, not with a token',
  'DELETE /me/tokens/:token': 'viewer, not with a token',
  'DELETE /me/sessions': 'viewer, not with a token',
  'PUT /me/password': 'viewer, not with a token',
  'GET /users': 'admin',
  'POST /users': 'admin',
  'PUT /users/:user': 'admin',
  'DELETE /users/:user': 'admin',
  'GET /tokens': 'admin',
  'POST /tokens': 'admin',
  'DELETE /tokens/:token': 'admin',
  'GET /audit': 'admin',
  'GET /secrets': 'admin',
  'PUT /secrets/:secret': 'admin',
  'DELETE /secrets/:secret': 'admin',
  'GET /workers': 'viewer',
  'GET /workers/:name': 'viewer',
  'PUT /workers/:name': 'developer',
  'DELETE /workers/:name': 'developer',
  'GET /queues': 'viewer',
  'PUT /queues/:queue': 'operator, of all workers',
  'DELETE /queues/:queue': 'operator, of all workers',
  'GET /schedules': 'viewer',
  'POST /schedules': 'operator',
  'PUT /schedules/:schedule': 'operator',
  'DELETE /schedules/:schedule': 'operator',
  'GET /jobs': 'viewer',
  'POST /jobs': 'operator',
  'POST /bulk': 'operator',
  'GET /jobs/:id': 'viewer',
  'DELETE /jobs/:id': 'operator',
  'PUT /jobs/:id/status': 'operator',
};
export const calls = Object.keys(needs);

// Each role may what those before it may.
export const roles = {
  viewer: 'Reads workers, jobs, logs and responses.',
  operator: 'Makes, starts, stops and deletes jobs, and plans them, too.',
  developer: 'Edits workers, too, which is running code on the server.',
  admin: 'May do everything: users, tokens, secrets and the audit trail, too.',
};
const names = Object.keys(roles);
export const isAtMost = (role, other) => names.indexOf(role) <= names.indexOf(other);

// What is asked for besides a role.
const conditions = {
  'not with a token': (me) => me.in_person,
  'of all workers': (me) => me.workers === null,
};

export function may(me, call) {
  if (!me) return false;
  const [role, condition] = needs[call].split(', ');
  return isAtMost(role, me.role) && (!condition || conditions[condition](me));
}
