// A small made-up fleet that lives: its devices drift, one overheats, one edge is away, another has not been heard.

function random(seed) {  // mulberry32
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const iso = (ms) => new Date(ms).toISOString();
const round = (v, digits = 2) => Number(v.toFixed(digits));

const sites = {
  north: { region: 'nordics', at: [24.9, 60.2], spread: 2.2, twins: 110 },
  fjord: { region: 'nordics', at: [10.4, 63.4], spread: 1.6, twins: 40 },
  south: { region: 'mediterranean', at: [9.2, 45.5], spread: 1.8, twins: 80 },
  harbor: { region: 'mediterranean', at: [2.2, 41.4], spread: 0.7, twins: 30 },
  west: { region: 'atlantic', at: [-6.3, 53.3], spread: 1.0, twins: 25 },
};
const kinds = {
  motor: { temperature: [58, 9], vibration: [0.31, 0.2], rpm: [1480, 60] },
  tank: { level: [62, 18], pressure: [1.21, 0.06], temperature: [18, 4] },
  meter: { power: [4200, 1900], voltage: [230.4, 2.2], energy: [81233, 0.4] },
};

export class World {
  constructor({ empty = false } = {}) {
    this.random = random(7);
    this.started = Date.now();
    this.twins = new Map();
    this.listeners = new Set();
    if (!empty) for (const [edge, site] of Object.entries(sites)) this.populate(edge, site);
    this.windows = this.history();
  }

  populate(edge, site) {
    const names = Object.keys(kinds);
    for (let i = 0; i < site.twins; i += 1) {
      const kind = names[i % names.length];
      const id = `plant/${edge}/${kind}-${String(Math.floor(i / names.length) + 1).padStart(2, '0')}`;
      const angle = this.random() * 2 * Math.PI;
      const far = Math.sqrt(this.random()) * site.spread;
      const properties = { ts: { v: this.started, ts: iso(this.started), rev: 1 } };
      for (const [name, [middle, width]] of Object.entries(kinds[kind])) {
        properties[name] = { v: round(middle + (this.random() - 0.5) * width, 3), ts: iso(this.started), rev: 1, fresh: true, middle, width };
      }
      properties.state = { v: 'running', ts: iso(this.started), rev: 1, fresh: true };
      if (kind === 'motor') properties.limit = { v: 70, ts: iso(this.started - 6e5), rev: 1, fresh: true, desired: i % 4 === 0 ? 65 : 70, pending_since: i % 4 === 0 ? iso(this.started - 42_000) : null };
      this.twins.set(id, {
        id, edge, model: `${kind}:1`, rev: 1, events: 200 + Math.floor(this.random() * 4000), last_seen: iso(this.started),
        labels: { area: edge, line: String(1 + (i % 3)) },
        geo: [round(site.at[0] + Math.cos(angle) * far * 1.7, 4), round(site.at[1] + Math.sin(angle) * far, 4)],
        properties, silent: i % 37 === 36,
      });
    }
  }

  // A step of the simulation: some devices report.
  step(now = Date.now()) {
    for (const twin of this.twins.values()) {
      if (twin.silent || twin.edge === 'west' || this.random() > 0.5) continue;
      twin.rev += 1;
      twin.events += 1;
      twin.last_seen = iso(now);
      Object.assign(twin.properties.ts, { v: now, ts: twin.last_seen, rev: twin.rev });
      const changed = { ts: { v: now, ts: twin.last_seen, rev: twin.rev } };
      for (const [name, property] of Object.entries(twin.properties)) {
        if (property.middle === undefined) continue;
        const pull = (property.middle - property.v) * 0.08;
        property.v = round(property.v + pull + (this.random() - 0.5) * property.width * 0.22, 3);
        property.ts = twin.last_seen;
        property.rev = twin.rev;
        changed[name] = { v: property.v, ts: property.ts, rev: property.rev };
      }
      const change = { edge: twin.edge, id: twin.id, rev: twin.rev, events: twin.events, last_seen: twin.last_seen, properties: changed };
      for (const listener of this.listeners) listener(change);
    }
  }

  view(twin, coordinator) {
    const age = (Date.now() - Date.parse(twin.last_seen)) / 1000;
    const status = twin.silent ? (age > 60 ? 'offline' : 'stale') : 'online';
    const properties = Object.fromEntries(Object.entries(twin.properties).map(([name, { v, ts, rev, desired, pending_since }]) => [
      name, { v, ts, rev, fresh: status === 'online', ...(desired === undefined ? {} : { desired, pending_since }) }]));
    const { id, model, rev, events, last_seen, labels, geo } = twin;
    return { ...(coordinator ? { edge: twin.edge } : {}), id, model, rev, events, status, last_seen, labels, geo, properties };
  }

  // One-minute rows of the last hour for every edge and kind, with the minute that has only begun.
  history() {
    if (this.twins.size === 0) return [];
    const rows = [];
    const last = Math.floor(this.started / 60_000) * 60_000 - 60_000;
    for (let start = last - 59 * 60_000; start <= last + 60_000; start += 60_000) {
      for (const [edge, site] of Object.entries(sites)) {
        if (edge === 'harbor') continue;  // never heard
        if (edge === 'west' && start > last - 25 * 60_000) continue;
        for (const [kind, properties] of Object.entries(kinds)) rows.push(...this.windowRows(edge, site, kind, properties, start));
      }
    }
    return rows;
  }

  windowRows(edge, site, kind, properties, start) {
    const twins = Math.ceil(site.twins / 3);
    const wave = Math.sin(start / 9e5 + site.twins);
    const events = Math.round(twins * 60 * (1 + 0.18 * wave + 0.05 * this.random()));
    const common = { window: '1m', start: iso(start), end: iso(start + 60_000), level: 'edge', name: edge, group: `kind=${kind}` };
    const rows = [{ ...common, property: '', events, twins }];
    for (const [property, [middle, width]] of Object.entries(properties)) {
      const mean = middle + width * (0.22 * wave + 0.08 * (this.random() - 0.5));
      rows.push({
        ...common, property, count: events, mean: round(mean, 4), stddev: round(width / 4, 4), sum: round(mean * events, 2),
        min: round(mean - width * (0.5 + 0.2 * this.random()), 3), max: round(mean + width * (0.5 + 0.2 * this.random()), 3),
        first: round(mean, 3), last: round(mean, 3), p50: round(mean, 3), p95: round(mean + width * 0.38, 3), p99: round(mean + width * 0.47, 3),
      });
    }
    return rows;
  }

  aggregates(level) {
    if (level === 'edge') return this.windows;
    const merged = new Map();
    for (const row of this.windows) {
      const name = level === 'fleet' ? 'fleet' : sites[row.name].region;
      const key = [row.start, name, row.group, row.property].join('|');
      const known = merged.get(key);
      merged.set(key, known ? merge(known, row) : { ...row, level, name });
    }
    return [...merged.values()];
  }
}

function merge(a, b) {
  if (a.property === '') return { ...a, events: a.events + b.events, twins: a.twins + b.twins };
  const count = a.count + b.count;
  return {
    ...a, count, sum: round(a.sum + b.sum), mean: round((a.sum + b.sum) / count, 4),
    min: Math.min(a.min, b.min), max: Math.max(a.max, b.max), p95: Math.max(a.p95, b.p95), p99: Math.max(a.p99, b.p99),
  };
}

const fn = (name, version, state = 'active', error = null) => ({ name, version, origin: 'fleet', state, error });

export function fleetEdges(world) {
  const now = Date.now();
  if (world.twins.size === 0) return [];
  const wobble = (base) => round(base * (1 + 0.12 * Math.sin(now / 7000 + base) + 0.05 * (world.random() - 0.5)), 1);
  const common = ['running_statistics', '1.0.2'];
  return Object.entries(sites).map(([name, site]) => {
    const edge = {
      name, region: site.region, connected: true, lag_seconds: 0.3, last_seen: iso(now - 400), version: '0.1.0',
      functions: [fn('threshold_alarm', '1.2.0'), fn(...common), fn('unit_conversion', '0.3.1')],
      twins: site.twins, events_per_second: wobble(site.twins), geo: site.at, alerts: 0, dead_letters: 0, newest_dead_letter: null,
    };
    if (name === 'north') edge.alerts = 5;
    if (name === 'north') Object.assign(edge, { dead_letters: letterCount, newest_dead_letter: iso(world.started - 20_000) });
    if (name === 'south') Object.assign(edge, { alerts: 1, dead_letters: 7, newest_dead_letter: iso(world.started - 3 * 3_600_000) });
    if (name === 'north') edge.functions[2] = fn('unit_conversion', '0.4.0', 'quarantined', 'fuel spent: 5,000,000 of 5,000,000 in 3 of the last 10 runs');
    if (name === 'fjord') edge.lag_seconds = 74;
    if (name === 'west') Object.assign(edge, { connected: false, lag_seconds: null, last_seen: iso(world.started - 25 * 60_000) });
    if (name === 'harbor') Object.assign(edge, { connected: null, lag_seconds: null, last_seen: null, version: null, functions: undefined, events_per_second: null, twins: null, alerts: null, dead_letters: undefined, newest_dead_letter: undefined });
    return edge;
  });
}

export function alerts(world) {
  if (world.twins.size === 0) return [];
  const since = (minutes) => iso(world.started - minutes * 60_000);
  return [
    { edge: 'north', twin: 'plant/north/motor-03', alert: 'overheated', value: 91.4, since: since(3) },
    { edge: 'north', twin: 'plant/north/motor-11', alert: 'overheated', value: 88.9, since: since(8) },
    { edge: 'north', twin: 'plant/north/motor-17', alert: 'overheated', value: 87.2, since: since(11) },
    { edge: 'north', twin: 'plant/north/motor-20', alert: 'overheated', value: 86.0, since: since(14) },
    { edge: 'north', twin: 'fn:unit_conversion', alert: 'quarantined', value: 'failing runs burnt 1530200000 fuel within a minute; allowed are 1000000000 (functions.failure_fuel)', since: since(6) },
    { edge: 'south', twin: 'plant/south/tank-04', alert: 'low level', value: 7.5, since: since(41) },
  ];
}

export function functionMeters(world) {
  if (world.twins.size === 0) return [];
  const grown = (Date.now() - world.started) / 1000;
  return [
    { name: 'threshold_alarm', version: '1.2.0', origin: 'fleet', active_since_position: 18, runs: 48_211 + Math.floor(grown * 9), events: 391_022 + Math.floor(grown * 165), errors: 0,
      fuel: 86_415_862, start_us_p50: 2, start_us_p99: 4, run_us_p50: 8, run_us_p99: 32, state: 'active' },
    { name: 'running_statistics', version: '1.0.2', origin: 'fleet', active_since_position: 18, runs: 47_990 + Math.floor(grown * 9), events: 391_004 + Math.floor(grown * 165), errors: 12,
      fuel: 402_735_000, start_us_p50: 2, start_us_p99: 4, run_us_p50: 32, run_us_p99: 128, state: 'active' },
    { name: 'unit_conversion', version: '0.4.0', origin: 'local', active_since_position: 20_731, runs: 1010, events: 8044, errors: 301,
      fuel: 1_530_200_000, start_us_p50: 0, start_us_p99: 0, run_us_p50: 2048, run_us_p99: 8192, state: 'quarantined', error: null, held: 412 },
  ];
}

export function fleetFunctions(world) {
  if (world.twins.size === 0) return [];
  const wish = (name, version, edges, selected, active) => ({ name, version, origin: 'fleet', edges, selected, active, state: active === selected ? 'active' : 'rolling_out', others: [] });
  return [wish('running_statistics', '1.0.2', '*', 5, 4), wish('threshold_alarm', '1.2.0', '*', 5, 4), wish('unit_conversion', '0.3.1', 'region=nordics', 2, 2)];
}

export const letterCount = 101;

const outOfFuel = ['5,000,000 of 5,000,000 spent', 'error while executing at wasm backtrace:',
  ...Array.from({ length: 24 }, (_, i) => `${String(i).padStart(5)}: ${(0x2f1a + i * 97).toString(16)} - unit_conversion!convert_table`)].join('\n');

export function deadLetters(world) {
  if (world.twins.size === 0) return [];
  const reasons = [
    ['bad_json', 'expected a value at byte 18', { retry: 'message', topic: 'plant/north/motor-09', twin: 'plant/north/motor-09', payload: '{"temperature": ,"rpm": 1480}' }],
    ['out_of_fuel', outOfFuel, { retry: 'event', function: 'unit_conversion', version: '9f2c41d07be8a653'.repeat(4), twin: 'plant/north/tank-02' }],
    ['invalid_utf8', 'byte 0xff at 3', { retry: 'no', topic: 'plant/north/legacy/bin', payload: '7b 22 61 ff 00 12' }],
    ['too_deep', '40 levels; the limit is 32', { topic: 'plant/north/meter-01', twin: 'plant/north/meter-01' }],
  ];
  return Array.from({ length: letterCount }, (_, i) => {
    const [reason, detail, rest] = reasons[(i * 3) % reasons.length];
    return { number: letterCount - i, position: 402_118 - i * 913, arrival: iso(world.started - i * 213_000), reason, detail, ...rest };
  }).reverse();
}
