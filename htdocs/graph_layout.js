// Where the jobs of a chain stand in a picture: in layers from left to right, each one to the right of all that it
// comes after. Pure: numbers in, numbers out.

export const sizes = { width: 190, height: 54, gapX: 70, gapY: 16, margin: 12 };
const BEND = 0.4; // rows that a line takes where it passes a layer
const BENDS_MAX = 3000; // beyond which lines go straight through
const SWEEPS = 6;

// The longest way from a beginning; and beginnings as near to what follows them as they can be.
function layersOf(nodes) {
  const layers = new Map();
  let left = nodes;
  while (left.length) {
    const next = left.filter((node) => !node.before.every((each) => layers.has(each)));
    const free = left.filter((node) => !next.includes(node));
    const ready = free.length ? free : left; // a circle, which the server does not let be, must end too
    for (const node of ready) layers.set(node, 1 + Math.max(-1, ...node.before.map((each) => layers.get(each) ?? -1)));
    left = left.filter((node) => !layers.has(node));
  }
  for (const node of nodes)
    if (!node.before.length && node.behind.length)
      layers.set(node, Math.min(...node.behind.map((each) => layers.get(each))) - 1);
  return layers;
}

// A line that passes layers has a bend in each of them, so that it finds a way between the jobs.
function addBends(rows, layers, edges) {
  const long = edges.reduce((sum, { from, to }) => sum + layers.get(to) - layers.get(from) - 1, 0);
  if (long > BENDS_MAX) return;
  for (const edge of edges) {
    let last = edge.from;
    for (let layer = layers.get(edge.from) + 1; layer < layers.get(edge.to); layer++) {
      const bend = { bend: true, before: [last], behind: [], layer };
      if (last.bend) last.behind = [bend];
      else last.behind = last.behind.map((each) => (each === edge.to ? bend : each));
      edge.bends.push(bend);
      rows[layer].push(bend);
      last = bend;
    }
    if (!last.bend) continue;
    last.behind = [edge.to];
    edge.to.before = edge.to.before.map((each) => (each === edge.from ? last : each));
  }
}

const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;

// Each at the middle of those that it is tied to on one side, where these let it.
function arrange(row, side, sorts) {
  const aim = (node) => (node[side].length ? mean(node[side].map((each) => each.y)) : node.y);
  const wanted = new Map(row.map((node) => [node, aim(node)]));
  if (sorts) row.sort((a, b) => wanted.get(a) - wanted.get(b));
  let end = -Infinity;
  for (const node of row) {
    const half = (node.bend ? BEND : 1) / 2;
    node.y = Math.max(wanted.get(node), end + half);
    end = node.y + half;
  }
  const off = mean(row.map((node) => wanted.get(node) - node.y));
  for (const node of row) node.y += off;
}

function settle(rows) {
  for (const row of rows)
    row.forEach((node, i) => {
      node.y = i - (row.length - 1) / 2;
    });
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const sorts = sweep < SWEEPS - 2;
    for (const row of rows.slice(1)) arrange(row, 'before', sorts);
    for (const row of rows.slice(0, -1).reverse()) arrange(row, 'behind', sorts);
  }
}

// jobs: as GET /jobs/ID/graph tells them. Gives { nodes: [{ job, x, y, layer, before, behind }], in the order in which
// they are read; edges: [{ from, to, on, status, points: [[x, y]] }]; width, height }. Jobs that are named in `after`
// and are not there are left out.
export function layOut(jobs) {
  const nodes = jobs.map((job) => ({ job, before: [], behind: [] }));
  const byId = new Map(nodes.map((node) => [node.job.id, node]));
  const edges = [];
  for (const to of nodes)
    for (const { job, on, status } of to.job.after) {
      const from = byId.get(job);
      if (!from) continue;
      edges.push({ from, to, on, status, bends: [] });
      to.before.push(from);
      from.behind.push(to);
    }
  const ties = new Map(nodes.map((node) => [node, { before: node.before, behind: node.behind }]));
  const layers = layersOf(nodes);
  const rows = Array.from({ length: 1 + Math.max(-1, ...layers.values()) }, () => []);
  for (const node of nodes) {
    node.layer = layers.get(node);
    rows[node.layer].push(node);
  }
  addBends(rows, layers, edges);
  settle(rows.filter((row) => row.length));
  const { width, height, gapX, gapY, margin } = sizes;
  const top = Math.min(0, ...rows.flat().map((node) => node.y));
  for (const node of rows.flat()) {
    node.x = margin + node.layer * (width + gapX);
    node.y = margin + (node.y - top) * (height + gapY) + (node.bend ? height / 2 : 0);
  }
  const bottom = Math.max(0, ...nodes.map((node) => node.y + height));
  const read = [...nodes].sort((a, b) => a.layer - b.layer || a.y - b.y);
  return {
    nodes: read.map((node) => Object.assign(node, ties.get(node))),
    edges: edges.map(({ from, to, on, status, bends }) => ({
      from,
      to,
      on,
      status,
      points: [
        [from.x + width, from.y + height / 2],
        ...bends.flatMap(({ x, y }) => [
          [x, y],
          [x + width, y],
        ]),
        [to.x, to.y + height / 2],
      ],
    })),
    width: margin * 2 + rows.length * (width + gapX) - gapX,
    height: bottom + margin,
  };
}

// Is what an edge waits for there? null: not known yet.
export function isMet({ on, status }) {
  if (!status) return null;
  return on === 'ended' || on === status;
}
