// What a role may: each includes those before it. The server checks it anyway; the page hides what would be refused.
const ranks = { viewer: 1, operator: 2, developer: 3, admin: 4 };
export const may = (me, role) => Boolean(me) && ranks[me.role] >= ranks[role];
