// The rules of the pages that need no browser.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

const now = Date.parse('2026-03-01T12:00:00Z');
let vite, tone, problems, format, stream, geo, windows, history, failures, gaps, change, moment;

before(async () => {
  // The router reads the address when it is loaded.
  globalThis.location = { hash: '' };
  globalThis.addEventListener = () => {};
  vite = await createServer({ root: fileURLToPath(new URL('..', import.meta.url)), server: { middlewareMode: true, ws: false }, appType: 'custom', logLevel: 'error' });
  const load = (path) => vite.ssrLoadModule(`/src/${path}`);
  [tone, problems, format, stream, geo, windows, history, failures, gaps, change, moment] = await Promise.all([
    load('lib/tone.ts'), load('lib/problems.ts'), load('lib/format.ts'), load('api/stream.ts'), load('lib/geo.ts'), load('lib/windows.ts'),
    load('lib/history.svelte.ts'), load('lib/failures.ts'), load('lib/gaps.ts'), load('lib/change.ts'),
    load('lib/moment.ts'),
  ]);
});
after(() => vite.close());

test('what is not known is never ok', () => {
  assert.equal(tone.edgeState({ name: 'a' }).tone, 'unknown');
  assert.equal(tone.edgeState({ name: 'a', connected: null }).tone, 'unknown');
  assert.equal(tone.twinState({}, now).tone, 'unknown');
  assert.equal(tone.twinState({ status: 'a word of a later version' }, now).tone, 'unknown');
  assert.equal(tone.functionState({ name: 'f' }).tone, 'unknown');
  assert.equal(tone.functionState({ name: 'f', state: 'a word of a later version' }).tone, 'unknown');
  assert.equal(tone.yesNo(undefined, 'yes', 'no').tone, 'unknown');
});

test('a function of an edge that fell silent is no longer active, but a failed one stays failed', () => {
  const fn = { name: 'f', state: 'active' };
  assert.equal(tone.functionStateOn({ name: 'a', connected: true }, fn).tone, 'ok');
  assert.deepEqual(tone.functionStateOn({ name: 'a', connected: false }, fn), { tone: 'unknown', text: 'was active' });
  assert.equal(tone.functionStateOn({ name: 'a', connected: false }, { ...fn, error: 'trap' }).tone, 'bad');
});

test('problems come worst first, and unknown ones last', () => {
  const edges = [
    { name: 'unheard' }, { name: 'slow', connected: true, lag_seconds: 90 }, { name: 'gone', connected: false },
    { name: 'well', connected: true, lag_seconds: 0.2, functions: [{ name: 'f', state: 'active' }] },
  ];
  assert.deepEqual(problems.fleetProblems(edges, [], now).map(({ tone: t, title }) => [t, title]), [
    ['bad', 'Edge gone is disconnected'], ['warn', 'Edge slow is lagging'], ['unknown', 'State of edge unheard unknown'],
  ]);
});

test('an alert of many twins is one problem that names a few', () => {
  const alerts = Array.from({ length: 5 }, (_, i) => ({ edge: 'north', twin: `m${i}`, alert: 'hot', value: 90 + i, since: `2026-03-01T11:0${i}:00Z` }));
  const [problem, ...rest] = problems.alertProblems(alerts);
  assert.equal(rest.length, 0);
  assert.equal(problem.title, 'hot: 5 twins on north');
  assert.equal(problem.detail, 'm4 = 94, m3 = 93, m2 = 92, and 2 more');
});

test('an alert leads to the twin of its edge at a coordinator, and to the twin alone on the edge itself', () => {
  const alert = { edge: 'north', twin: 'plant/m1', alert: 'hot', value: 91 };
  assert.equal(problems.fleetProblems([], [alert], now)[0].href, '#/edges/north/twins/plant%2Fm1');
  const [own] = problems.edgeNodeProblems({ role: 'edge', name: 'north', version: '1', uplink: null }, [], [alert]);
  assert.deepEqual([own.href, own.detail], ['#/twins/plant%2Fm1', '91']);
});

test('a quarantine is one problem, with the number of events that wait and the way out', () => {
  const alert = { edge: 'north', twin: 'fn:cooling', alert: 'quarantined', value: 'burnt', since: '2026-03-01T11:00:00Z' };
  const node = { role: 'edge', name: 'north', version: '1', uplink: null };
  const cooling = { name: 'cooling', state: 'quarantined', error: null, held: 7 };
  const [problem, ...rest] = problems.edgeNodeProblems(node, [cooling], [alert]);
  assert.deepEqual(rest, []);
  assert.deepEqual([problem.title, problem.detail, problem.since],
    ['cooling is quarantined: 7 events wait', 'Deploy another version, or: doppel dead retry --fn cooling', alert.since]);
  assert.equal(problems.edgeNodeProblems(node, [], [alert]).length, 1, 'before the functions are read, the alert tells it');
  const north = { name: 'north', connected: true, functions: [cooling] };
  assert.equal(problems.fleetProblems([north], [alert], now).length, 1);
  assert.equal(problems.fleetProblems([north], [{ ...alert, edge: 'south' }], now).length, 2);
});

test('a function whose module cannot be loaded is one problem too, with the reason', () => {
  const alert = { edge: 'north', twin: 'fn:cooling', alert: 'unavailable', value: 'no module' };
  const node = { role: 'edge', name: 'north', version: '1', uplink: null };
  const cooling = { name: 'cooling', state: 'unavailable', error: 'no module', held: 1 };
  const found = problems.edgeNodeProblems(node, [cooling], [alert]);
  assert.deepEqual(found.map(({ title, detail, tone }) => [title, detail, tone]), [['cooling is unavailable: 1 event waits', 'no module', 'bad']]);
  assert.equal(problems.fleetProblems([{ name: 'north', connected: true, functions: [cooling] }], [alert], now).length, 1);
});

test('an edge without an uplink has no problem with it; one whose coordinator is away has', () => {
  const node = { role: 'edge', name: 'n', version: '1' };
  assert.deepEqual(problems.edgeNodeProblems({ ...node, uplink: null }, [], []), []);
  assert.equal(tone.uplinkState(null).tone, 'quiet');
  assert.equal(tone.uplinkState(undefined).tone, 'unknown');
  assert.equal(problems.edgeNodeProblems({ ...node, uplink: { connected: false } }, [], [])[0].tone, 'bad');
});

test('a broker that is not connected is a problem that says since when and why', () => {
  const node = { role: 'edge', name: 'n', version: '1', uplink: null };
  const source = { name: 'mqtt', url: 'mqtt://127.0.0.1:1883', connected: true, since: '2026-03-01T11:00:00Z', messages: 3, last_error: null };
  assert.deepEqual(problems.edgeNodeProblems({ ...node, mqtt: [source] }, [], []), []);
  const [problem] = problems.edgeNodeProblems({ ...node, mqtt: [{ ...source, connected: false, last_error: 'refused' }] }, [], []);
  assert.deepEqual([problem.tone, problem.title, problem.detail, problem.since],
    ['bad', 'The broker mqtt://127.0.0.1:1883 cannot be reached', 'refused', '2026-03-01T11:00:00Z']);
  const titles = (state) => problems.edgeNodeProblems({ ...node, mqtt: [{ ...source, state }] }, [], []).map(({ title }) => title);
  assert.deepEqual(['subscribed', 'refused', 'lower_qos'].map(titles),
    [[], ['The broker mqtt://127.0.0.1:1883 refuses a subscription'], ['The broker mqtt://127.0.0.1:1883 may lose messages']]);
});

test('a function fails by its runs of the last minutes, not by those before its page was open or before its fix', () => {
  const node = { role: 'edge', name: 'n', version: '1', uplink: null };
  const watch = new failures.FailureWatch();
  const after = (seconds, version, runs, errors) => {
    const cooling = [{ name: 'cooling', version, state: 'active', runs, errors }];
    return problems.edgeNodeProblems(node, cooling, [], watch.see(cooling, now + seconds * 1000)).map(({ detail }) => detail);
  };
  const failed = (text) => [`${text} failed in the last minutes; the events are in the dead letters.`];
  assert.deepEqual(after(0, '1', 300, 8), []);
  assert.deepEqual(after(4, '1', 310, 10), failed('2 of 10 runs'));
  assert.deepEqual(after(200, '1', 320, 10), failed('2 of 20 runs'));
  assert.deepEqual(after(400, '1', 330, 10), [], 'the errors are more than five minutes old');
  assert.deepEqual(after(404, '1', 331, 11), failed('1 of 11 runs'));
  assert.deepEqual(after(408, '2', 332, 11), [], 'another version');
  assert.deepEqual(after(412, '2', 333, 12), failed('1 of 1 run'));
  assert.deepEqual(after(416, '2', 5, 3), [], 'counters begin anew with a new start');
});

test('a journal that is far behind, and effects that were dropped, are problems', () => {
  const node = { role: 'edge', name: 'n', version: '1', uplink: null };
  assert.equal(tone.journalState({ last_position: 900, applied_position: 890 }).tone, 'ok');
  assert.equal(tone.journalState({ last_position: 900 }).tone, 'unknown');
  assert.deepEqual(problems.edgeNodeProblems({
    ...node, journal: { last_position: 90_000, applied_position: 5 }, store: { commits: 1, outbox_dropped: 7 },
  }, [], []).map(({ title }) => title), ['Journal: behind', 'Store: effects dropped']);
});

test('dead letters of the last minutes are one problem that names their reasons; older ones are none', () => {
  const letter = (time, reason) => ({ arrival: `2026-03-01T11:${time}:00Z`, reason });
  const [problem] = problems.letterProblems([letter('59', 'bad_payload'), letter('58', 'trap'), letter('57', 'trap'), letter('10', 'twin_limit')], now);
  assert.equal(problem.title, '3 dead letters in the last five minutes');
  assert.equal(problem.detail, 'bad_payload, trap');
  assert.deepEqual(problems.letterProblems([letter('10', 'trap')], now), []);
});

test('new dead letters of an edge are a problem of its fleet that leads to it; older ones are only counted', () => {
  const edge = { name: 'north', connected: true, dead_letters: 12, newest_dead_letter: '2026-03-01T11:58:00Z' };
  const [problem, ...rest] = problems.fleetProblems([edge, { ...edge, name: 'south', newest_dead_letter: '2026-03-01T11:00:00Z' }], [], now);
  assert.deepEqual(rest, []);
  assert.deepEqual([problem.tone, problem.title, problem.since, problem.href], ['warn', 'New dead letters on north', edge.newest_dead_letter, '#/edges/north']);
  assert.match(problem.detail, /^It keeps 12: .*doppel dead list/);
  for (const none of [{ dead_letters: 0, newest_dead_letter: null }, {}]) assert.deepEqual(problems.fleetProblems([{ name: 'north', connected: true, ...none }], [], now), []);
});

test('a twin of an edge that is not connected is unreachable, whatever it was', () => {
  const twin = { status: 'online', last_seen: '2026-03-01T11:59:59Z' };
  assert.equal(tone.twinState(twin, now, { name: 'a', connected: true }).tone, 'ok');
  assert.deepEqual(tone.twinState(twin, now, { name: 'a', connected: false }), { tone: 'unknown', text: 'unreachable' });
  assert.deepEqual(tone.twinState(twin, now, { name: 'a' }), { tone: 'unknown', text: 'unreachable' });
});

test('a twin that comes without a status has one by its age, where its edge is heard in time', () => {
  const near = { name: 'a', connected: true, lag_seconds: 0.1 };
  const seen = (last_seen, edge) => tone.twinState({ last_seen }, now, edge).text;
  assert.equal(seen('2026-03-01T11:59:30Z', near), 'online');
  assert.equal(seen('2026-03-01T11:55:00Z', near), 'stale');
  assert.equal(seen('2026-03-01T10:00:00Z', near), 'offline');
  assert.equal(seen(null, near), 'never');
  assert.equal(seen('2026-03-01T11:59:30Z', { ...near, lag_seconds: 300 }), 'unknown');
  assert.equal(seen('2026-03-01T11:59:30Z', undefined), 'unknown');
});

test('numbers keep four digits, and units follow the name of a field', () => {
  assert.equal(format.number(0.123456), '0.1235');
  assert.equal(format.number(1234567), '1,234,567');
  assert.equal(format.number(undefined), '–');
  assert.equal(format.bytes(1536), '1.5 KiB');
  assert.equal(format.micros(1.34), '1.3 µs');
  assert.equal(format.micros(2400), '2.4 ms');
  assert.deepEqual([0, 0.25, 4, 2048, 2097152].map(format.atMost), ['–', '≤ 0.25 µs', '≤ 4 µs', '≤ 2.048 ms', '≤ 2.097 s']);
  assert.equal(format.fact('budget_bytes', 1073741824), '1.0 GiB');
  assert.equal(format.factLabel('budget_bytes'), 'Budget');
  assert.equal(format.ago('2026-03-01T11:59:10Z', now), '50 s ago');
  assert.equal(format.ago('2026-03-01T12:00:05Z', now), 'now');
  assert.equal(format.ago(null, now), 'never');
});

test('a time of any unit is a moment by its usual name or by being when it was reported; a number is none', () => {
  const ts = '2026-03-01T12:00:00.250Z';
  for (const v of [now + 250, (now + 250) / 1000, (now + 250) * 1000, `${now + 250}000000`, ts]) assert.equal(moment.momentOf('measured', { v, ts }), ts);
  assert.equal(moment.momentOf('ts', { v: now, ts }), '2026-03-01T12:00:00.000Z', 'one that was not believed');
  assert.equal(moment.momentOf('installed', { v: now, ts }), undefined);
  for (const v of [21.5, '21.5', 'soon', null, true, '2026-13-45T99:00:00Z']) assert.equal(moment.momentOf('t', { v, ts }), undefined);
});

test('a hash is shown by its first digits, a version of words as it is, and a detail by its first line', () => {
  for (const times of [2, 4]) assert.equal(format.digits('0123456789abcdef'.repeat(times)), '01234567');
  assert.equal(format.digits('1.2.0'), '1.2.0');
  assert.equal(format.digits(null), '');
  assert.deepEqual(format.headAndRest('trap: unreachable\n  0: cooling\n  1: run\n'), ['trap: unreachable', '  0: cooling\n  1: run']);
  assert.deepEqual(format.headAndRest('byte 0xff at 3'), ['byte 0xff at 3', '']);
});

test('a change replaces what was reported, drops what is gone, and sets beside it what is only desired', () => {
  const twin = { id: 'a', rev: 4, events: 2, properties: {
    speed: { v: 1, ts: 't1', rev: 2, fresh: false, desired: 2, pending_since: 't0' }, limit: { v: 70, ts: 't1', rev: 3 }, old: { v: 1, ts: 't1', rev: 1 } } };
  const after = change.changed(twin, { id: 'a', rev: 6, events: 3, last_seen: 't2', removed: ['old'], properties: {
    speed: { v: 2, ts: 't2', rev: 5 }, limit: { rev: 6, desired: 65, pending_since: 't2' }, made: { rev: 6, desired: true, pending_since: 't2' } } });
  assert.deepEqual(after, { id: 'a', rev: 6, events: 3, last_seen: 't2', status: 'online', properties: {
    speed: { v: 2, ts: 't2', rev: 5, fresh: true }, limit: { v: 70, ts: 't1', rev: 6, desired: 65, pending_since: 't2' },
    made: { v: null, rev: 6, desired: true, pending_since: 't2' } } });
  assert.equal(twin.properties.old.v, 1);
});

test('a change that lacks a value or a property says that the twin must be read', () => {
  const twin = { id: 'a', rev: 4, events: 2, properties: {} };
  assert.equal(change.changed(twin, { id: 'a', rev: 5, properties: { big: { ts: 't2', rev: 5 } } }), undefined);
  assert.equal(change.changed(twin, { id: 'a', rev: 5, properties: { big: { rev: 5, pending_since: 't2' } } }), undefined);
  assert.equal(change.changed(twin, { id: 'a', rev: 5, properties: {}, omitted: 1 }), undefined);
});

test('event frames survive being cut anywhere, carry ids without data, and skip comments', () => {
  const text = ': hello\n\nid: a-1\nevent: change\ndata: {"x":\ndata: 1}\n\n: beat\nid: a-2\n\n';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const parser = new stream.FrameParser();
    const frames = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
    assert.deepEqual(frames.filter(({ id }) => id !== null), [
      { event: 'change', data: '{"x":\n1}', id: 'a-1' }, { event: 'message', data: '', id: 'a-2' },
    ]);
  }
});

test('places that overlap are one dot with the worst of their states', () => {
  const places = [
    { at: [24.9, 60.2], tone: 'ok', status: 'online' }, { at: [24.9001, 60.2001], tone: 'warn', status: 'stale' }, { at: [9, 45], tone: 'ok', status: 'online' },
  ];
  const projection = geo.projectionFor(geo.frameOf(places.map(({ at }) => at)), 400, 300);
  const dots = geo.clusters(places, projection);
  assert.equal(dots.length, 2);
  const both = dots.find(({ count }) => count === 2);
  assert.equal(both.tone, 'warn');
  assert.equal(both.title, '1 online, 1 stale');
  for (const { x, y } of dots) assert.ok(x > 0 && x < 400 && y > 0 && y < 300);
});

test('the frame stands still while places move a little, and is never narrower than the coast line is fine', () => {
  assert.deepEqual(geo.frameOf([[24.2, 60.2]]), geo.frameOf([[24.7, 60.9]]));
  const [west, south, east, north] = geo.frameOf([[24.2, 60.2]]);
  assert.ok(east - west >= 16 && north - south >= 8);
  assert.deepEqual(geo.frameOf([]), geo.wholeWorld);
});

test('only a longitude and a latitude are a place', () => {
  assert.ok(geo.isPlace([24.9, 60.2]));
  for (const wrong of [null, undefined, [1], [200, 0], [0, 91], ['1', 2], 'here']) assert.equal(geo.isPlace(wrong), false);
});

test('window rows become one series for each property, name and group, in order of time', () => {
  const row = (start, property, mean) => ({ window: '1m', start: `2026-03-01T11:0${start}:00Z`, end: `2026-03-01T11:0${start + 1}:00Z`, level: 'fleet', name: 'fleet', group: 'line=1,area=a', property, mean });
  const series = windows.seriesOf([row(2, 'b', 3), row(1, 'a', 1), row(1, 'b', 2)], now);
  assert.equal(windows.seriesOf([{ ...row(1, 'a', 1), group: 'line=,area=a' }], now)[0].title, 'line=–, area=a', 'without the label');
  assert.deepEqual(series.map(({ newest, title }) => [newest.property, title]), [['a', 'line=1, area=a'], ['b', 'line=1, area=a']]);
  assert.deepEqual(series[1].columns[3], [2, 3]);
});

test('windows and rates that are missing leave a gap, and a value that no line reaches is a point', () => {
  const row = (start, mean) => ({ window: '1m', start: `2026-03-01T11:0${start}:00Z`, end: `2026-03-01T11:0${start + 1}:00Z`, level: 'edge', name: 'north', group: '', property: 'a', mean, p95: mean });
  const [{ columns, newest }] = windows.seriesOf([row(1, 1), row(2, 2), row(5, 5)], now);
  assert.deepEqual(columns[3], [1, 2, null, 5]);
  assert.deepEqual(columns[4], [1, 2, null, 5]);
  assert.equal(newest.mean, 5);
  assert.deepEqual(gaps.lonePoints(columns[3]), [3]);
  assert.deepEqual(gaps.lonePoints([7]), [0]);
  assert.deepEqual(gaps.lonePoints([1, 2, null, undefined]), []);
  const rates = new history.RateHistory();
  for (const seconds of [0, 2, 60]) rates.push(now / 1000 + seconds, new Map([['north', seconds]]));
  assert.deepEqual(rates.columns(['north'], 0)[1], [0, 2, null, 60]);
});

test('a window that has not ended is in no line of full ones, but read as it is so far', () => {
  const row = (minute, mean) => ({ window: '1m', start: `2026-03-01T11:${minute}:00Z`, end: `2026-03-01T11:${minute + 1}:00Z`, level: 'edge', name: 'north', group: '', property: 'a',
    mean, min: mean - 1, max: mean + 1 });
  const series = (...rows) => windows.seriesOf(rows, Date.parse('2026-03-01T11:32:30Z'))[0];
  const { columns, readout, open } = series(row(30, 1), row(31, 2), row(32, 3));
  assert.equal(open, true);
  assert.deepEqual(columns.slice(1, 4), [[0, 1, null], [2, 3, null], [1, 2, null]]);
  assert.deepEqual(columns[5], [null, 2, 3], 'it goes on from the last full one');
  assert.deepEqual(readout[3], [1, 2, 3]);
  const ended = series(row(30, 1), row(31, 2));
  assert.deepEqual([ended.open, ended.columns[3], ended.columns[5]], [false, [1, 2], [null, null]]);
});

test('past rates come from the shortest windows, groups added', () => {
  const rates = new history.RateHistory();
  const row = (start, end, group, events) => ({ window: 'w', start: `2026-03-01T11:${start}:00Z`, end: `2026-03-01T11:${end}:00Z`, level: 'edge', name: 'north', group, property: '', events });
  rates.push(now / 1000, new Map([['north', 5]]));
  rates.backfill([row('01', '02', 'a', 60), row('01', '02', 'b', 120), row('00', '05', 'a', 9999), row('02', '03', 'a', 30)]);
  assert.deepEqual(rates.columns(['north'], 0)[1], [3, 0.5, null, 5]);
});

test('the rate goes on from the newest window that was to be had, though the next one has already begun', () => {
  const rates = new history.RateHistory();
  rates.push(now / 1000, new Map([['north', 5]]));
  const row = (end) => ({ window: '10s', start: new Date(now - 1000 * (end + 10)).toISOString(), end: new Date(now - 1000 * end).toISOString(), level: 'edge', name: 'north', group: '', property: '', events: 40 });
  rates.backfill([row(45), row(25), row(15)]);
  assert.deepEqual(rates.columns(['north'], 0)[1], [4, null, 4, 4, 5]);
});

test('the app is small, and asks nothing of other servers', async () => {
  const folder = new URL('../dist/', import.meta.url);
  const files = readdirSync(folder, { recursive: true });
  const scripts = files.filter((file) => file.endsWith('.js'));
  const packed = scripts.map((file) => execFileSync('gzip', ['-9', '-n'], { input: readFileSync(new URL(file, folder)) }).length).reduce((a, b) => a + b, 0);
  assert.ok(packed > 0 && packed < 72 * 1024, `${packed} bytes of packed JavaScript`);
  const page = readFileSync(new URL('index.html', folder), 'utf8');
  assert.doesNotMatch(page, /(src|href)="(https?:)?\/\//);
  assert.doesNotMatch(page, /<script(?![^>]*src=)/);
});
