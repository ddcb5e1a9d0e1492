// Chromium, and devices in it: one browser context is one device, with everything that goes wrong in its pages kept.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
const WAIT_MS = 15_000;

/** The three designed widths, with a height that belongs to each. */
export const PHONE = { width: 360, height: 740 };
export const TABLET = { width: 820, height: 1_180 };
export const DESK = { width: 1_280, height: 800 };

const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);

let shared;

/** One browser for all devices of a test file; closed by `closeBrowser`. */
async function browser() {
  shared ??= chromium.launch({ executablePath, args: ARGS });
  return shared;
}

export async function closeBrowser() {
  await (await shared)?.close();
  shared = undefined;
}

/** A device: a profile of its own, and the pages open in it. */
export class Device {
  /** `restartable`: the profile lies on disk, so that the browser can be closed and started again. */
  static async make(server, { size = DESK, locale = 'nl-NL', restartable = false, ...options } = {}) {
    const device = new Device(server, { viewport: size, locale, timezoneId: 'Europe/Amsterdam', ...options });
    if (restartable) device.profile = mkdtempSync(join(tmpdir(), 'loopbaanmaat-profile-'));
    await device.#launch();
    return device;
  }

  constructor(server, options) {
    this.server = server;
    this.options = { ...options, baseURL: server.base };
    this.faults = [];
    this.foreign = [];
  }

  async #launch() {
    this.context = this.profile
      ? await chromium.launchPersistentContext(this.profile, { executablePath, args: ARGS, ...this.options })
      : await (await browser()).newContext(this.options);
    this.context.setDefaultTimeout(WAIT_MS);
    this.context.on('weberror', (error) => this.faults.push(error.error().stack ?? `${error.error()}`));
    this.context.on('console', (message) => this.#said(message));
    this.context.on('request', (request) => this.#asked(request.url()));
    this.context.on('page', (page) => this.#watch(page));
    await this.context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) =>
        console.error(`against the policy: ${violatedDirective} ${blockedURI} ${sourceFile}`),
      );
    });
    this.context.pages().forEach((page) => this.#watch(page));
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
  }

  #watch(page) {
    page.on('websocket', (socket) => this.#asked(socket.url()));
  }

  /** Every request and every socket goes to the server's own origin. */
  #asked(url) {
    const { host, protocol } = new URL(url);
    if (/^(http|ws)s?:$/.test(protocol) && host !== new URL(this.server.base).host) this.foreign.push(url);
  }

  /** What the console reports as an error, apart from the network being away, which is part of the tests. */
  #said(message) {
    if (message.type() !== 'error') return;
    const text = message.text();
    if (/net::ERR_|WebSocket connection|Failed to load resource/.test(text)) return;
    this.faults.push(text);
  }

  /** Another tab of the same device. */
  tab() {
    return this.context.newPage();
  }

  /** Closes the whole browser of this device and starts it again on the same profile; `between` happens meanwhile. */
  async restart(between = () => {}) {
    await this.context.close();
    await between();
    await this.#launch();
    return this.page;
  }

  /** Ends the browser of this device without asking, as a power cut does, and starts it again on the same profile. */
  async kill(between = () => {}) {
    // Chromium names its process in the lock of the profile.
    const pid = Number(readlinkSync(join(this.profile, 'SingletonLock')).split('-').at(-1));
    // They go to the disk within half a minute: those of a day's work are there.
    const cookies = await this.context.cookies();
    const closed = new Promise((resolve) => this.context.on('close', resolve));
    process.kill(pid, 'SIGKILL');
    await closed;
    for (const name of ['SingletonLock', 'SingletonCookie', 'SingletonSocket']) rmSync(join(this.profile, name), { force: true });
    await between();
    await this.#launch();
    await this.context.addCookies(cookies);
    return this.page;
  }

  /** Ends the device; nothing may have gone wrong in its pages, and nothing may have been asked of a third party. */
  async close() {
    await this.context.close().catch(() => {});
    if (this.profile) rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
    assert.deepEqual(this.faults, [], 'faults in the page');
    assert.deepEqual(this.foreign, [], 'requests to a third party');
  }
}

/**
 * Waits until something holds that a page cannot say at once, looking many times a second. (Playwright's own
 * `waitForFunction` takes the promise of an asynchronous question for a yes.)
 */
export async function until(page, holds, what) {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, what);
    // A page that starts anew in between is looked at again.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50))).catch(() => {});
  }
}

/** Holds a page against the accessibility rules; the finding says which element and why. */
export async function accessible(page, where = page.url()) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const found = await page.evaluate(async (tags) => {
    // What the line at the top covers at the moment is not too small for that.
    window.scrollTo(0, 0);
    const { violations } = await window.axe.run(document, { runOnly: { type: 'tag', values: tags } });
    return violations.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.map((node) => node.html.slice(0, 200)).join('\n    ')}`);
  }, AXE_TAGS);
  assert.deepEqual(found, [], `${where} is not accessible:\n  ${found.join('\n  ')}`);
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(tooWide <= 0, `${where} is ${tooWide} px wider than the window`);
}

/** The same at the three widths. */
export async function accessibleAtEveryWidth(page, where) {
  const size = page.viewportSize();
  for (const width of [PHONE, TABLET, DESK]) {
    await page.setViewportSize(width);
    await accessible(page, `${where} at ${width.width}`);
  }
  await page.setViewportSize(size);
}
