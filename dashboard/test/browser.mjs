// Headless Chromium for the tests: pages that remember what went wrong in them.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const executable = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const shots = process.env.DOPPEL_SHOTS ?? fileURLToPath(new URL('../screenshots', import.meta.url));
export const dist = process.env.DOPPEL_DIST ?? fileURLToPath(new URL('../dist', import.meta.url));

// Why the tests cannot run here; false when they can.
export const missing = existsSync(executable) ? false : `skipped: no Chromium at ${executable}`;

// Quiet: nothing that Chromium itself would ask of the internet.
const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.profile = mkdtempSync(join(tmpdir(), 'doppel-chromium-'));
    browser.context = await chromium.launchPersistentContext(browser.profile, { executablePath: executable, headless: true, args: flags });
    browser.context.setDefaultTimeout(20_000);
    mkdirSync(shots, { recursive: true });
    return browser;
  }

  async stop() {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  // A page whose `faults` are console errors, exceptions, and requests to another server.
  async open(url, { width = 1440, height = 900, scheme = 'light' } = {}) {
    const page = await this.context.newPage();
    page.faults = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) page.faults.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => page.faults.push(`exception: ${error.message}`));
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) page.faults.push(`request to ${request.url()}`);
    });
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height });
    await page.goto(url);
    return page;
  }
}

export async function shoot(page, name) {
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
}

// By how many pixels the page is wider than the window.
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

// Texts whose contrast to what is behind them is below WCAG AA (4.5, or 3 for large text).
export const faint = (page) => page.evaluate(() => {
  const channels = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, alpha = 1] = channels(getComputedStyle(at).backgroundColor);
      if (alpha === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data.trim()).join('');
    if (!text || !element.checkVisibility() || element.closest('svg, :disabled, noscript')) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(channels(style.color)), light(behind(element))].sort((x, y) => y - x);
    const least = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if ((a + 0.05) / (b + 0.05) < least) found.push(`${text.slice(0, 30)}: ${((a + 0.05) / (b + 0.05)).toFixed(2)}`);
  }
  return found;
});
