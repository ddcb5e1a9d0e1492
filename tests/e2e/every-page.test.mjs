// Every page of every role, reached by its links: what is typed in any field is readable nowhere on the device nor in an
// address, and with the server stopped each page still shows itself and says what it can.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, accessible, closeBrowser } from './harness/browser.mjs';
import { signIn } from './harness/person.mjs';
import { dump, found } from './harness/storage.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await server.remove();
  await closeBrowser();
});

/** Pages that a role must have among those that are found, so that a walk that goes nowhere is no success. */
const ROLES = {
  medewerker1: ['/mijn-gegevens', '/apparaten', '/instellingen', '/instellingen/beveiliging', '/privacy'],
  coach1: ['/vandaag', '/trajecten', '/mijn-gegevens', '/privacy'],
  adviseur: ['/overzicht', '/verzoeken', '/mijn-gegevens', '/privacy'],
  beheer: ['/mensen', '/logboek', '/bewaartermijnen', '/verzoeken', '/privacy'],
};
/** One of each sort is enough of pages about one of many. */
const OF_ONE_SORT = 2;

const sortOf = (path) => path.replace(/[\w-]{22}/g, ':id');
const shown = (page) => page.getByRole('main').getByRole('heading', { level: 1 }).first();

/** By a link, as a person goes there: the device stays unlocked. */
async function go(page, path) {
  await page.evaluate((to) => {
    const link = document.createElement('a');
    link.href = to;
    document.querySelector('main').append(link);
    link.click();
    link.remove();
  }, path);
  await page.waitForURL((url) => url.pathname === path);
  await shown(page).waitFor();
}

const links = (page) =>
  page.$$eval('a[href^="/"]:not([download])', (all) => all.map((it) => new URL(it.href)).filter((it) => !it.pathname.startsWith('/api')).map((it) => it.pathname));

/** Types a sentence of its own in every field that takes one. */
async function type(page, sentences) {
  for (const field of await page.$$('main textarea, main input')) {
    const kind = await field.evaluate((it) => it.isConnected && it.checkVisibility() && !it.disabled && !it.readOnly && it.type);
    if (!['text', 'search', 'textarea'].includes(kind)) continue;
    const sentence = `Zeldzaamheid${sentences.length}kwartelvlinder van ${sentences.length + 1} tulpenbollen`;
    await field.fill(sentence);
    sentences.push(sentence);
  }
}

for (const [role, expected] of Object.entries(ROLES)) {
  test(`${role}: nothing that is typed is readable, and every page is there without the server`, async () => {
    const device = await Device.make(server, { size: DESK });
    try {
      const page = await signIn(device, role);
      const sorts = new Map();
      const seen = [];
      const sentences = [];
      const open = [new URL(page.url()).pathname, ...(await links(page))];
      while (open.length > 0) {
        const path = open.shift();
        const sort = sortOf(path);
        // The root leads to the first page of a role.
        if (path === '/' || seen.includes(path) || (sorts.get(sort) ?? 0) >= OF_ONE_SORT) continue;
        seen.push(path);
        sorts.set(sort, (sorts.get(sort) ?? 0) + 1);
        await go(page, path);
        open.push(...(await links(page)));
        await page.$$eval('main details', (all) => all.forEach((it) => (it.open = true)));
        await type(page, sentences);
        assert.ok(!decodeURIComponent(page.url()).includes('Zeldzaamheid'), page.url());
      }
      for (const path of expected) assert.ok(seen.includes(path), `${path} among ${seen}`);
      assert.ok(sentences.length > 3, `${sentences.length} fields among ${seen}`);
      assert.deepEqual(found(await dump(page), [...sentences, 'kwartelvlinder']), [], 'in what the page can reach');

      await server.stop();
      for (const path of seen) {
        await go(page, path);
        const words = await page.getByRole('main').innerText();
        assert.ok(words.trim().length > 20, `${path}: ${words}`);
        // Nothing goes on waiting.
        await page.locator('main [role=status]', { hasText: /^(Bezig|Even kijken)/ }).first().waitFor({ state: 'detached' });
        await accessible(page, `${role} at ${path} without the server`);
      }
    } finally {
      await device.close();
      await server.stop();
      await server.start();
    }
  });
}
