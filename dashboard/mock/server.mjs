// doppel's HTTP API with made-up data, for work on the dashboard and its tests.
//   node mock/server.mjs --role edge|coordinator [--port 8090] [--dist dist] [--empty]
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { World, alerts, deadLetters, fleetEdges, fleetFunctions, functionMeters, letterCount } from './world.mjs';

// As strict as doppel's own.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";
const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json',
  '.woff2': 'font/woff2', '.txt': 'text/plain; charset=utf-8',
};

// Listens on loopback. Resolves to { url, close }.
export async function startMock({ role, port = 0, dist, empty = false, token = '' }) {
  const world = new World({ empty });
  const timer = setInterval(() => world.step(), 500);
  const server = createServer((request, response) => {
    const allowed = !token || !request.url.startsWith('/api/') || request.headers.authorization === `Bearer ${token}`;
    if (!allowed) return send(response, 401, { title: 'Unauthorized', status: 401 }, 'application/problem+json');
    return answer(world, role, dist, request, response);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async close() {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(world, role, dist, request, response) {
  const url = new URL(request.url, 'http://mock');
  if (!url.pathname.startsWith('/api/')) return file(dist, url.pathname, response);
  const path = url.pathname.slice('/api/v1'.length);
  if (role === 'edge' && path.startsWith('/twins/') && url.searchParams.has('edge')) {
    return send(response, 400, { title: 'Bad Request', status: 400, detail: "unknown query parameter 'edge'" }, 'application/problem+json');
  }
  if (path === '/stream') return stream(world, role, url.searchParams.get('twin'), request, response);
  const body = path.startsWith('/twins/') ? twin(world, role, decodeURIComponent(path.slice(7))) : resource(world, role, path, url.searchParams);
  return body === undefined
    ? send(response, 404, { title: 'Not Found', status: 404, detail: `nothing at ${url.pathname}` }, 'application/problem+json')
    : send(response, 200, body);
}

function resource(world, role, path, query) {
  const fleet = role === 'coordinator';
  switch (path) {
    case '/node': return node(world, role);
    case '/twins': return twins(world, role, query);
    case '/aggregates': return page(rows(world, role, query), query);
    case '/alerts': return { items: alerts(world).filter((alert) => fleet || alert.edge === 'north') };
    case '/edges': return fleet ? { items: fleetEdges(world) } : undefined;
    case '/functions': return { items: fleet ? fleetFunctions(world) : functionMeters(world) };
    case '/dead-letters': return fleet ? undefined : page(deadLetters(world), query);
    default: return undefined;
  }
}

function node(world, role) {
  const up = 86_000 + (Date.now() - world.started) / 1000;
  const base = { role, name: role === 'edge' ? 'north' : 'centre', version: '0.1.0', uptime_seconds: Math.round(up) };
  if (role === 'coordinator') return { ...base, counters: { rows_merged: Math.round(up * 40) }, rates: { events_per_second: 0 } };
  const busy = world.twins.size > 0;
  return {
    ...base,
    counters: { messages: Math.round(up * 165), events: busy ? Math.round(up * 165) : 0, twins: busy ? sites(world) : 0, functions: busy ? 3 : 0,
      alerts: busy ? 5 : 0, dead_letters: busy ? letterCount : 0, redelivered: busy ? 31 : 0 },
    rates: { events_per_second: busy ? Math.round(108 + 9 * Math.sin(Date.now() / 7000) + 6 * world.random()) : 0 },
    journal: { first_position: 1, last_position: Math.round(up * 165), synced_position: Math.round(up * 165), applied_position: Math.round(up * 165),
      epoch: 3, incarnation: '7a1c03e955d04be28f10c6d2a4b9e871', bytes: 412_331_008 },
    store: { commits: Math.round(up / 10), bytes_written: 73_400_320, effects_hash: 1.2e19, outbox_undelivered: 12, outbox_delivered: 1204, outbox_dropped: 0,
      outbox: { publish: { undelivered: 0, dropped: 0 }, replacement: { undelivered: 12, dropped: 0 } } },
    uplink: { address: 'tcp://127.0.0.1:7090', connected: true, backlog_rows: 12, backlog_bytes: 5120, dropped_rows: 0, acknowledged: 90_412 },
  };
}

const sites = (world) => [...world.twins.values()].filter((twin) => twin.edge === 'north').length;

function twins(world, role, query) {
  const limit = Number(query.get('limit') ?? 100);
  const ids = [...world.twins.values()].filter((twin) => role === 'coordinator' || twin.edge === 'north').map((twin) => twin.id)
    .filter((id) => id.startsWith(query.get('prefix') ?? '') && id > (query.get('after') ?? '')).sort();
  const items = ids.slice(0, limit).map((id) => world.view(world.twins.get(id), role === 'coordinator'));
  return { items, next: ids.length > limit ? items.at(-1).id : null };
}

function page(items, query) {
  const from = Number(query.get('after') ?? 0);
  const to = from + Number(query.get('limit') ?? 100);
  return { items: items.slice(from, to), next: to < items.length ? String(to) : null };
}

function twin(world, role, id) {
  const found = world.twins.get(id);
  return found && world.view(found, role === 'coordinator');
}

function rows(world, role, query) {
  return world.aggregates(query.get('level') ?? 'edge')
    .filter((row) => role === 'coordinator' ? Date.parse(row.end) <= Date.now() : row.name === 'north')  // edges send up what has ended
    .filter((row) => ['window', 'property', 'group'].every((field) => !query.get(field) || row[field] === query.get(field)))
    .filter((row) => !query.get('edge') || row.name === query.get('edge'))
    .filter((row) => !query.has('from') || row.start >= query.get('from'));
}

function stream(world, role, id, request, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write('retry: 2000\nevent: open\ndata: {}\nid: mock-0\n\n');
  let number = 0;
  const listener = (change) => {
    if (id && change.id !== id) return;
    number += 1;
    const { edge, ...ofNode } = change;
    const told = role === 'coordinator' ? { edge, ...ofNode } : ofNode;
    response.write(`id: mock-${number}\nevent: change\ndata: ${JSON.stringify(told)}\n\n`);
  };
  world.listeners.add(listener);
  const heartbeat = setInterval(() => response.write(': beat\n\n'), 15_000);
  request.on('close', () => {
    clearInterval(heartbeat);
    world.listeners.delete(listener);
  });
}

function send(response, status, body, type = 'application/json') {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

function file(dist, path, response) {
  const name = dist && join(dist, normalize(path === '/' ? '/index.html' : path));
  if (!name || !name.startsWith(dist) || !existsSync(name) || !statSync(name).isFile()) return send(response, 404, { title: 'Not Found', status: 404 });
  response.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'application/octet-stream', 'Content-Security-Policy': policy });
  createReadStream(name).pipe(response);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: {
    role: { type: 'string', default: 'edge' }, port: { type: 'string', default: '8090' },
    dist: { type: 'string', default: fileURLToPath(new URL('../dist', import.meta.url)) }, empty: { type: 'boolean', default: false },
  } });
  const mock = await startMock({ role: values.role, port: Number(values.port), dist: values.dist, empty: values.empty });
  console.log(`mock ${values.role}: ${mock.url}`);
}
