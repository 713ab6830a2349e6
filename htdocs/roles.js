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
  'GET /jobs': 'viewer',
  'POST /jobs': 'operator',
  'GET /jobs/:id': 'viewer',
  'DELETE /jobs/:id': 'operator',
  'PUT /jobs/:id/status': 'operator',
};
export const calls = Object.keys(needs);

// Each role may what those before it may.
export const roles = {
  viewer: 'Reads workers, jobs, logs and responses.',
  operator: 'Makes, starts, stops and deletes jobs, too.',
  developer: 'Edits workers, too, which is running code on the server.',
  admin: 'May do everything: users, tokens, secrets and the audit trail, too.',
};
const names = Object.keys(roles);
export const isAtMost = (role, other) => names.indexOf(role) <= names.indexOf(other);

export function may(me, call) {
  if (!me) return false;
  const [role, inPerson] = needs[call].split(', ');
  return isAtMost(role, me.role) && (!inPerson || me.in_person);
}
