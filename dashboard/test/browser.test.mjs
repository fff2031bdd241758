// The app in headless Chromium, on live data of both roles.
// Against real servers: DOPPEL_EDGE_URL and DOPPEL_COORDINATOR_URL; otherwise against the mock server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startMock } from '../mock/server.mjs';
import { Browser, dist, faint, missing, overflow, shoot } from './browser.mjs';

const roles = {
  edge: {
    given: process.env.DOPPEL_EDGE_URL,
    // By path, what must be there; null: it depends on what the server has been given.
    pages: { '': 'rate', twins: 'twins', functions: null, aggregates: 'windows', 'dead-letters': null },
  },
  coordinator: {
    given: process.env.DOPPEL_COORDINATOR_URL,
    pages: { '': 'edges', twins: null, functions: null, aggregates: 'windows' },
  },
};
const real = Boolean(roles.edge.given ?? roles.coordinator.given);

let browser;
before(async () => {
  if (missing) return;
  browser = await Browser.start();
});
after(() => browser?.stop());

for (const [role, { given, pages }] of Object.entries(roles)) {
  describe(role, { skip: missing || (real && !given ? `skipped: no URL of a ${role}` : false) }, () => {
    let mock, url;
    before(async () => {
      mock = given ? undefined : await startMock({ role, dist });
      url = given ?? mock.url;
    });
    after(() => mock?.close());

    for (const [path, landmark] of Object.entries(pages)) {
      test(`/#/${path} shows its data in light and dark, wide and narrow, without a fault`, async () => {
        for (const [width, scheme] of [[1440, 'light'], [1440, 'dark'], [1024, 'light'], [390, 'light'], [390, 'dark']]) {
          const page = await browser.open(`${url}/#/${path}`, { width, scheme, height: width < 500 ? 844 : 900 });
          await page.getByRole('link', { name: 'Aggregates' }).waitFor();
          if (landmark) await page.getByTestId(landmark).first().waitFor();
          await page.waitForTimeout(700);
          await shoot(page, `${role}-${path || 'overview'}-${width}-${scheme}`);
          assert.ok(await overflow(page) <= 0, `the page is wider than ${width} px`);
          assert.deepEqual(await faint(page), [], `texts too faint in ${scheme}`);
          assert.deepEqual(page.faults, []);
          await page.close();
        }
      });
    }

    test('the colours follow the system, and the button overrides it', async () => {
      const ground = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      const page = await browser.open(url, { scheme: 'light' });
      const light = await ground(page);
      await page.emulateMedia({ colorScheme: 'dark' });
      const dark = await ground(page);
      assert.notEqual(light, dark);
      const button = page.getByRole('button', { name: 'Colours' });
      await button.click();  // auto -> light
      assert.equal(await ground(page), light);
      await page.reload();
      assert.equal(await ground(page), light);
      await button.click();
      await button.click();  // dark -> auto
      assert.deepEqual(page.faults, []);
      await page.close();
    });

    test('the rate chart draws, and the page goes on by itself', async () => {
      const page = await browser.open(url);
      const answers = [];
      page.on('response', (response) => answers.push(new URL(response.url()).pathname));
      await page.getByTestId('rate').locator('canvas').waitFor();
      await page.waitForTimeout(5000);
      assert.ok(answers.filter((path) => path === '/api/v1/node').length >= 2, 'the node is asked again');
      assert.deepEqual(page.faults, []);
      await page.close();
    });
  });
}

describe('twins of an edge', { skip: missing || (real && !roles.edge.given ? 'skipped: no URL of an edge' : false) }, () => {
  let mock, url;
  before(async () => {
    mock = roles.edge.given ? undefined : await startMock({ role: 'edge', dist });
    url = roles.edge.given ?? mock.url;
  });
  after(() => mock?.close());

  test('a search by the beginning of the id leads to a twin whose values change before one\'s eyes', async () => {
    const page = await browser.open(`${url}/#/twins`);
    const rows = page.getByTestId('twins').locator('tbody tr');
    await rows.first().waitFor();
    const id = await rows.first().getByRole('link').innerText();
    await page.getByRole('searchbox').fill(id);
    await page.waitForFunction((wanted) => [...document.querySelectorAll('[data-testid=twins] tbody a')].every((a) => a.textContent.startsWith(wanted)), id);
    await rows.first().getByRole('link').click();
    await page.getByRole('heading', { name: id, level: 1 }).waitFor();
    const sparklines = page.getByTestId('sparklines');
    await sparklines.locator('canvas').first().waitFor();
    const shown = await sparklines.innerText();
    await page.waitForFunction((old) => document.querySelector('[data-testid=sparklines]').innerText !== old, shown, { timeout: 30_000 });
    await page.waitForTimeout(4000);
    await shoot(page, 'edge-twin-1440-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.waitForTimeout(300);
    await shoot(page, 'edge-twin-390-dark');
    assert.ok(await overflow(page) <= 0);
    assert.deepEqual(page.faults, []);
    await page.close();
  });
});

describe('edges of a fleet', { skip: missing || (real && !roles.coordinator.given ? 'skipped: no URL of a coordinator' : false) }, () => {
  test('an edge of the list leads to its own page', async () => {
    const mock = roles.coordinator.given ? undefined : await startMock({ role: 'coordinator', dist });
    const page = await browser.open(roles.coordinator.given ?? mock.url);
    const first = page.getByTestId('edges').locator('tbody a').first();
    const name = await first.innerText();
    await first.click();
    await page.getByRole('heading', { name, level: 1 }).waitFor();
    await page.getByRole('heading', { name: 'Functions' }).waitFor();
    await page.waitForTimeout(700);
    for (const [width, scheme] of [[1440, 'light'], [390, 'dark']]) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      await page.waitForTimeout(300);
      await shoot(page, `coordinator-edge-${width}-${scheme}`);
      assert.ok(await overflow(page) <= 0);
      assert.deepEqual(await faint(page), []);
    }
    assert.deepEqual(page.faults, []);
    await page.close();
    await mock?.close();
  });
});

describe('behaviour that only a mock can provoke', { skip: missing || (real ? 'skipped: real servers are given' : false) }, () => {
  // A test of one page of a mock of its own.
  const lookAt = (title, { role, path = '', width }, look) => test(title, async () => {
    const mock = await startMock({ role, dist });
    const page = await browser.open(`${mock.url}/#/${path}`, { width });
    await look(page, mock.url);
    assert.deepEqual(page.faults, []);
    await page.close();
    await mock.close();
  });

  test('a lost connection is said, greys the page, and heals by itself', async () => {
    let mock = await startMock({ role: 'edge', dist });
    const port = Number(new URL(mock.url).port);
    const page = await browser.open(mock.url);
    await page.getByText('live', { exact: true }).waitFor();
    await mock.close();
    await page.getByRole('alert').filter({ hasText: 'Connection to north lost' }).waitFor();
    await shoot(page, 'edge-lost-1440-light');
    assert.equal(await page.getByText('live', { exact: true }).count(), 0);
    mock = await startMock({ role: 'edge', dist, port });
    await page.getByText('live', { exact: true }).waitFor();
    assert.equal(await page.getByText('Connection to north lost').count(), 0);
    assert.deepEqual(page.faults.filter((fault) => !fault.includes('net::ERR_')), []);
    await page.close();
    await mock.close();
  });

  test('a twin page goes on after its stream was cut', async () => {
    let mock = await startMock({ role: 'edge', dist });
    const port = Number(new URL(mock.url).port);
    const page = await browser.open(`${mock.url}/#/twins/${encodeURIComponent('plant/north/motor-01')}`);
    await page.getByTestId('sparklines').waitFor();
    await mock.close();
    await page.getByText('no live changes').waitFor();
    mock = await startMock({ role: 'edge', dist, port });
    await page.getByText('no live changes').waitFor({ state: 'detached', timeout: 30_000 });
    await page.close();
    await mock.close();
  });

  lookAt('an edge that was never heard is unknown, in grey, and listed among the problems', { role: 'coordinator' }, async (page) => {
    const state = page.getByTestId('edges').locator('tr', { hasText: 'harbor' }).locator('.state');
    await state.waitFor();
    assert.equal(await state.innerText(), 'unknown');
    const color = (locator) => locator.locator('svg').evaluate((svg) => getComputedStyle(svg).color);
    const [grey, green] = [await color(state), await color(page.getByTestId('edges').locator('tr', { hasText: 'north' }).locator('.state'))];
    assert.notEqual(grey, green);
    await page.getByTestId('problems').getByText('State of edge harbor unknown').waitFor();
    assert.equal(await page.getByText('Nothing needs attention').count(), 0);
  });

  test('long words and big numbers stay within the page and their cards', async () => {
    const mock = await startMock({ role: 'edge', dist });
    const grown = (v, key) => {
      if (typeof v === 'number' && key !== 'geo') return v * 1234567.891;
      if (typeof v === 'string' && ['version', 'group', 'reason', 'model'].includes(key)) return v + '_without_a_break'.repeat(5);
      if (Array.isArray(v)) return v.map((item) => grown(item, key));
      return v && typeof v === 'object' ? Object.fromEntries(Object.entries(v).map(([name, item]) => [name, grown(item, name)])) : v;
    };
    for (const [path, landmark] of [['', 'health'], ['functions', 'function'], ['aggregates', 'windows'], ['twins/plant%2Fnorth%2Fmotor-01', 'properties']]) {
      const page = await browser.open('about:blank', { width: 390 });
      await page.route(/\/api\/v1\/(?!stream)/, async (route) => {
        const response = await route.fetch();
        await route.fulfill({ response, json: grown(await response.json(), '') });
      });
      await page.goto(`${mock.url}/#/${path}`);
      await page.getByTestId(landmark).first().waitFor();
      assert.ok(await overflow(page) <= 0, `/#/${path} is wider than the window`);
      assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('dd, h2, p')].filter((element) =>
        element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflow === 'visible').map(({ innerText }) => innerText)), []);
      await page.close();
    }
    await mock.close();
  });

  lookAt('functions of a fleet are cards on a narrow page, and keep their names in sight on a wide one that is scrolled', { role: 'coordinator', path: 'functions', width: 390 }, async (page) => {
    const card = page.getByTestId('functions').locator('tbody tr', { hasText: 'unit_conversion' });
    for (const text of ['region=nordics: active on 2 of 2', '0.3.1, 0.4.0 (mixed)', 'quarantined']) await card.getByText(text).waitFor();
    for (const edge of ['fjord', 'harbor', 'north', 'south', 'west']) await card.getByRole('link', { name: edge }).waitFor();
    const table = page.getByTestId('functions').locator('.table');
    assert.equal(await table.evaluate((element) => element.scrollWidth - element.clientWidth), 0, 'nothing is cut off');
    await page.setViewportSize({ width: 800, height: 900 });
    const name = table.locator('td.name').first();
    const left = (await name.boundingBox()).x;
    assert.ok(await table.evaluate((element) => { element.scrollLeft = 1000; return element.scrollLeft; }) > 0, 'it is wide enough to be scrolled');
    assert.equal((await name.boundingBox()).x, left);
  });

  lookAt('the time of a device is shown as a time, after what was measured, and is no sparkline', { role: 'edge', path: 'twins/plant%2Fnorth%2Fmotor-01' }, async (page, url) => {
    const last = page.getByTestId('properties').locator('tbody tr').last();
    assert.match(await last.innerText(), /^ts\s+\d\d:\d\d:\d\d\s/);
    assert.deepEqual(await page.getByTestId('sparklines').locator('h2').allInnerTexts(), ['temperature', 'vibration', 'rpm', 'limit']);
    await page.goto(`${url}/#/twins`);
    const values = await page.getByTestId('twins').locator('td.values').first().innerText();
    assert.match(values, /^power/);
  });

  lookAt('a property that has not changed yet shows its value and that a change is waited for', { role: 'edge', path: 'twins/plant%2Fnorth%2Fmotor-01' }, async (page) => {
    const card = (name) => page.getByTestId('sparklines').locator('section', { has: page.getByRole('heading', { name }) });
    await card('temperature').locator('canvas').waitFor();
    assert.deepEqual((await card('limit').innerText()).split(/\s*\n\s*/), ['limit', '70', 'waiting for changes']);
    assert.equal(await card('temperature').getByText('waiting for changes').count(), 0);
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await shoot(page, `edge-twin-waiting-${width}`);
      assert.equal(await page.locator('.table').evaluate((table) => table.scrollWidth - table.clientWidth), 0, 'no property is cut off');
    }
  });

  test('a window that has not ended is said to be so far', async () => {
    const mock = await startMock({ role: 'edge', dist });
    const now = Date.now();
    const row = (minute, mean) => ({ window: '1m', start: new Date(now + minute * 60_000).toISOString(), end: new Date(now + (minute + 1) * 60_000).toISOString(),
      level: 'edge', name: 'north', group: '', count: 60, min: mean - 1, max: mean + 1, p95: mean + 1, mean });
    const rows = ['ended', 'open'].flatMap((property) => [-3.5, -2.5, -1.5].map((minute) => ({ ...row(minute, 20), property })));
    const page = await browser.open('about:blank');
    await page.route('**/api/v1/aggregates*', (route) => route.fulfill({ json: { items: [...rows, { ...row(-0.5, 31), property: 'open' }], next: null } }));
    await page.goto(`${mock.url}/#/aggregates`);
    const card = (name) => page.getByTestId('windows').locator('section', { has: page.getByRole('heading', { name }) });
    await card('open').getByText(', so far').waitFor();
    assert.match(await card('open').locator('figcaption').innerText(), /mean\s+31/);
    assert.equal(await card('ended').getByText(', so far').count(), 0);
    await page.waitForTimeout(300);
    await shoot(page, 'edge-windows-open');
    await page.close();
    await mock.close();
  });

  lookAt('times of functions are upper bounds, and none of runs that were not', { role: 'edge', path: 'functions' }, async (page) => {
    await page.getByTestId('function').first().waitFor();
    const figures = async (name) => page.getByTestId('function').filter({ hasText: name }).locator('.figures').allInnerTexts();
    assert.deepEqual(await figures('threshold_alarm'), ['≤ 2 µs · p99 ≤ 4 µs', '≤ 8 µs · p99 ≤ 32 µs']);
    assert.deepEqual(await figures('unit_conversion'), ['–', '≤ 2.048 ms · p99 ≤ 8.192 ms']);
  });

  lookAt('the counters of an edge that are zero when all is well are shown only when they are not', { role: 'edge' }, async (page) => {
    const store = page.getByTestId('health').locator('section', { has: page.getByRole('heading', { name: 'Store' }) });
    const shown = async () => (await store.locator('dt').allInnerTexts()).join(', ');
    await store.waitFor();
    assert.equal(await shown(), 'Commits, Written, Outbox undelivered, Outbox delivered, Outbox · replacement · undelivered');
    await page.route('**/api/v1/node', async (route) => {
      const node = await (await route.fetch()).json();
      Object.assign(node.store, { outbox_dropped: 3, outbox: { publish: { undelivered: 0, dropped: 3 } } });
      await route.fulfill({ json: node });
    });
    await store.getByText('effects dropped').waitFor();
    assert.equal(await shown(), 'Commits, Written, Outbox undelivered, Outbox delivered, Outbox dropped, Outbox · publish · dropped');
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  lookAt('dead letters are counted for each edge of a fleet, and an edge that does not tell has no number', { role: 'coordinator', width: 1280 }, async (page) => {
    await page.getByTestId('problems').getByText('New dead letters on north').waitFor();
    const table = page.getByTestId('edges');
    assert.equal(await table.locator('td.num').first().evaluate((cell) => getComputedStyle(cell).fontVariantNumeric), 'tabular-nums');
    const column = (await table.locator('th').allInnerTexts()).indexOf('Dead letters');
    const count = (edge) => table.locator('tr', { hasText: edge }).locator('td').nth(column).innerText();
    assert.deepEqual(await Promise.all(['north', 'south', 'fjord', 'harbor'].map(count)), ['101', '7', '0', '–']);
    assert.equal(await table.locator('.table').evaluate((element) => element.scrollWidth - element.clientWidth), 0);
    await page.setViewportSize({ width: 390, height: 900 });
    assert.equal(await table.locator('.table').evaluate((element) => element.scrollWidth - element.clientWidth), 0);
    const [last, card] = [await table.getByRole('columnheader', { name: 'Dead letters' }).boundingBox(), await table.boundingBox()];
    assert.ok(Math.abs(last.x + last.width - card.x - card.width) <= 1, 'it is the last column, and ends with its card');
    await page.getByTestId('problems').getByRole('link', { name: 'New dead letters on north' }).click();
    await page.getByRole('heading', { name: 'north', level: 1 }).waitFor();
    await page.locator('dl', { hasText: 'Dead letters' }).getByText('101').waitFor();
    await page.getByText('doppel dead list at that edge').waitFor();
  });

  lookAt('dead letters are told one below the other on a narrow page, each with where it came from', { role: 'edge', path: 'dead-letters', width: 390 }, async (page) => {
    const letter = page.locator('tbody tr', { hasText: 'bad_json' }).first();
    const [from, why] = await Promise.all(['.from', '.why'].map((part) => letter.locator(part).boundingBox()));
    assert.ok(from.y + from.height <= why.y && from.height < 30, 'the topic is in one line, above the reason');
    assert.ok(why.width > 300, 'the reason has the width of the page');
  });

  lookAt('pages of twins are turned forwards and back', { role: 'edge', path: 'twins' }, async (page) => {
    await page.getByText('1 to 50').waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('51 to 100').waitFor();
    await page.getByRole('button', { name: 'Previous' }).click();
    await page.getByText('1 to 50').waitFor();
  });

  test('an empty edge and an empty fleet say what brings life to them', async () => {
    for (const [role, path, hint] of [['edge', '', 'mosquitto_pub'], ['edge', 'twins', 'mosquitto_pub'], ['edge', 'functions', 'doppel fn deploy'],
      ['edge', 'aggregates', 'No windows yet'], ['edge', 'dead-letters', 'Every event was understood'], ['coordinator', '', '--uplink']]) {
      const mock = await startMock({ role, dist, empty: true });
      const page = await browser.open(`${mock.url}/#/${path}`);
      await page.getByText(hint).first().waitFor();
      assert.deepEqual(page.faults, []);
      await page.close();
      await mock.close();
    }
  });

  test('a server with a token asks for it, and a right one opens it', async () => {
    const mock = await startMock({ role: 'edge', dist, token: 'open sesame' });
    const page = await browser.open(mock.url);
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.getByText('did not accept').waitFor();
    await page.getByLabel('Token').fill('open sesame');
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.getByTestId('health').waitFor();
    await page.goto(`${mock.url}/#/twins/${encodeURIComponent('plant/north/motor-01')}`);
    await page.getByTestId('sparklines').waitFor();
    await page.getByText('no live changes').waitFor({ state: 'detached' });
    await page.close();
    await mock.close();
  });

  lookAt('everything that can be clicked can be reached and used by keyboard', { role: 'coordinator' }, async (page) => {
    await page.getByTestId('edges').waitFor();
    const reached = new Set();
    for (let i = 0; i < 60; i += 1) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.getAttribute('aria-label')));
    }
    for (const name of ['Fleet', 'Twins', 'Functions', 'Aggregates', 'south', 'Whole world']) assert.ok(reached.has(name), `${name} is reached`);
    await page.getByRole('link', { name: 'Aggregates' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Aggregates' }).waitFor();
  });
});
