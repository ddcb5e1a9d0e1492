// The lock of a device: another passphrase, tries that are counted, a lock that is damaged, and five idle minutes.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, TABLET, accessible, closeBrowser, until } from './harness/browser.mjs';
import { keys, slow } from './harness/disk.mjs';
import { PASSPHRASE, heading, installed, saved, signIn, synchronised, unlock } from './harness/person.mjs';

after(closeBrowser);

const OTHER = 'paraplu schuimkraag zeventien lente';
const mine = (page) => page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen');

async function write(page, words) {
  await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
  await mine(page).fill(words);
}

const lock = async (page) => {
  await page.getByRole('button', { name: 'Vergrendelen' }).first().click();
  await heading(page, 'Ontgrendelen').waitFor();
};

async function tryToOpen(page, passphrase) {
  await page.getByLabel('Wachtzin', { exact: true }).fill(passphrase);
  await page.getByRole('button', { name: 'Openen' }).click();
}

const wrong = (page) => page.getByText('Deze wachtzin klopt niet.').waitFor();
const early = (page) => page.getByText(/Wacht \d+ sec\. voor een nieuwe poging\./).waitFor();

async function change(page, from, to) {
  if (!(await page.getByLabel('Je wachtzin van nu').isVisible())) {
    await page.locator('summary').filter({ hasText: 'Wachtzin veranderen' }).click();
  }
  await page.getByLabel('Je wachtzin van nu').fill(from);
  await page.getByLabel('Nieuwe wachtzin').fill(to);
  // The page has a form for the password beside it.
  await page.locator('form', { has: page.getByLabel('Je wachtzin van nu') }).getByLabel('Nog een keer').fill(to);
  await page.getByRole('button', { name: 'Wachtzin veranderen' }).click();
}

/** Reads, changes or takes away what lies in clear beside the sealed values. */
const inClear = (page, key, bytes) =>
  page.evaluate(
    async ([name, value]) => {
      const settled = (request) =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const database = await settled(indexedDB.open('loopbaanmaat'));
      const store = database.transaction('vault', 'readwrite').objectStore('vault');
      const found = await settled(store.get(name));
      if (value) await settled(store.put(new Uint8Array(value), name));
      database.close();
      return found && [...found];
    },
    [key, bytes],
  );

test('another passphrase opens the device, and the one before does not', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(device, 'coach1');
    await installed(page);
    await write(page, 'Blijft leesbaar.');
    await synchronised(page);
    const talk = new URL(page.url()).pathname;
    const tab = await device.tab();
    await tab.goto(talk);
    await unlock(tab);

    await page.getByRole('link', { name: 'Instellingen' }).click();
    await change(page, 'niet de goede wachtzin', OTHER);
    await page.getByText('Je wachtzin van nu klopt niet. Er is niets veranderd.').waitFor();
    await accessible(page, 'a wrong passphrase in the settings');
    await change(page, PASSPHRASE, 'kort');
    await page.getByText('Deze wachtzin is te makkelijk te raden.').waitFor();
    const before = await inClear(page, 'key');
    await change(page, PASSPHRASE, OTHER);
    await page.getByText('Je wachtzin is veranderd.').waitFor();
    assert.notDeepEqual(await inClear(page, 'key'), before);
    assert.equal(await inClear(page, 'attempts'), undefined, 'the wrong try is still counted');

    // The other tab writes on, and what it writes is there afterwards.
    await mine(tab).fill('Blijft leesbaar, ook in het andere tabblad.');
    await synchronised(tab);
    await lock(page);
    await heading(tab, 'Ontgrendelen').waitFor();
    await tryToOpen(page, PASSPHRASE);
    await wrong(page);
    await tryToOpen(page, OTHER);
    await heading(page, 'Instellingen').waitFor();
    await page.goto(talk);
    await tryToOpen(page, OTHER);
    await page.waitForFunction(() => [...document.querySelectorAll('textarea')].some((it) => it.value.endsWith('het andere tabblad.')));
  } finally {
    await server.remove();
    await device.close();
  }
});

test('a passphrase that is being changed when the power goes is the one or the other', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK, restartable: true });
  try {
    await slow(device.page);
    const page = await signIn(device, 'coach1');
    await page.getByRole('link', { name: 'Instellingen' }).click();
    // The first write is the try that is counted, the second one is the key.
    await page.evaluate(() => {
      let writes = 0;
      window.hold = (stores) => {
        if (stores.length === 1 && stores[0] === 'vault') writes += 1;
        return writes === 2;
      };
    });
    await change(page, PASSPHRASE, OTHER);
    await page.waitForFunction(() => window.held.length > 0);
    const again = await device.kill();
    await again.goto('/');
    await tryToOpen(again, OTHER);
    await wrong(again);
    await unlock(again);

    await again.getByRole('link', { name: 'Instellingen' }).click();
    await change(again, PASSPHRASE, OTHER);
    await again.getByText('Je wachtzin is veranderd.').waitFor();
    const last = await device.kill();
    await last.goto('/');
    await tryToOpen(last, PASSPHRASE);
    await wrong(last);
    await tryToOpen(last, OTHER);
    await heading(last, 'Ontgrendelen').waitFor({ state: 'detached' });
  } finally {
    await server.remove();
    await device.close();
  }
});

test('tries are counted, whatever is reloaded, opened beside it, or done to the clock', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: TABLET });
  try {
    const page = await signIn(device, 'coach1');
    await lock(page);
    const tab = await device.tab();
    await tab.goto('/');
    for (const at of [page, tab]) {
      await tryToOpen(at, 'niet de goede wachtzin');
      await wrong(at);
    }
    await tryToOpen(tab, 'niet de goede wachtzin');
    await early(tab);
    // The right one comes too early as well: in the other tab, after a reload, and with a clock set forward.
    await tryToOpen(page, PASSPHRASE);
    await early(page);
    await page.reload();
    await tryToOpen(page, PASSPHRASE);
    await early(page);
    const { failures } = JSON.parse(Buffer.from(await inClear(page, 'attempts')).toString());
    assert.equal(failures, 3);
    await tab.evaluate(() => {
      const { now } = Date;
      Date.now = () => now() + 3_600_000;
    });
    await tryToOpen(tab, PASSPHRASE);
    await early(tab);

    // In the settings it counts as well.
    await until(page, async () => {
      await tryToOpen(page, PASSPHRASE);
      const open = page.getByRole('link', { name: 'Instellingen' });
      await open.or(page.getByText(/Wacht \d+ sec\./)).first().waitFor();
      return open.isVisible();
    }, 'it opens after the wait');
    await page.getByRole('link', { name: 'Instellingen' }).click();
    for (let at = 0; at < 3; at += 1) {
      await change(page, 'niet de goede wachtzin', OTHER);
      await page.getByText('Je wachtzin van nu klopt niet. Er is niets veranderd.').waitFor();
    }
    await change(page, PASSPHRASE, OTHER);
    await early(page);
  } finally {
    await server.remove();
    await device.close();
  }
});

test('a lock that is damaged says what is safe and what is lost, and offers the wipe', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(device, 'coach1');
    await installed(page);
    await server.stop('SIGKILL');
    await write(page, 'Nog niet op de server.');
    await saved(page);
    const sound = await inClear(page, 'key');
    await lock(page);

    const greedy = { ...JSON.parse(Buffer.from(sound).toString()), memory_kib: 4_000_000_000 };
    for (const damaged of [[1, 2, 3], [...Buffer.from(JSON.stringify(greedy))]]) {
      await inClear(page, 'key', damaged);
      await page.reload();
      await heading(page, 'Dit apparaat gaat niet meer open').waitFor();
      await page.getByText(/Wijzigingen in teksten: [1-9]\d*, in zoveel documenten: [1-9]/).waitFor();
      await accessible(page, 'a damaged lock');
    }
    // The disk was only away for a while.
    await inClear(page, 'key', sound);
    await page.reload();
    await unlock(page);
    await lock(page);

    // Before the wipe a forgotten passphrase is told the same.
    await page.locator('summary').filter({ hasText: 'Wachtzin vergeten?' }).click();
    await page.getByText(/Wijzigingen in teksten: [1-9]\d*, in zoveel documenten: [1-9]/).waitFor();
    await page.getByText('Misschien schiet de wachtzin je nog te binnen').waitFor();
    await accessible(page, 'a forgotten passphrase');

    await inClear(page, 'key', [1, 2, 3]);
    await page.reload();
    await page.getByLabel('Ik weet dat wat niet op de server staat verloren gaat').check();
    await page.getByRole('button', { name: 'Dit apparaat wissen' }).click();
    await page.getByText('Dit apparaat is gewist. Meld je aan').waitFor();
    for (const store of ['vault', 'items', 'outbox']) assert.deepEqual(await keys(page, store), []);
  } finally {
    await server.remove();
    await device.close();
  }
});

test('a device whose own name is damaged is no dead end either', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(device, 'coach1');
    await lock(page);
    await page.evaluate(async () => {
      const database = await new Promise((resolve) => {
        indexedDB.open('loopbaanmaat').onsuccess = ({ target }) => resolve(target.result);
      });
      const transaction = database.transaction('blobs', 'readwrite');
      transaction.objectStore('blobs').put(new Uint8Array(40), 'identity');
      await new Promise((resolve) => (transaction.oncomplete = resolve));
      database.close();
    });
    await tryToOpen(page, PASSPHRASE);
    await heading(page, 'Dit apparaat gaat niet meer open').waitFor();
    await page.getByText('Voor zover dit apparaat weet, staat alles op de server.').waitFor();
  } finally {
    await server.remove();
    await device.close();
  }
});

test('who signed out and whose browser does not delete is told, and it goes on at the next start', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  try {
    await device.context.addInitScript(() => {
      const real = IDBFactory.prototype.deleteDatabase;
      IDBFactory.prototype.deleteDatabase = function (name) {
        if (!document.cookie.includes('stuck=yes')) return real.call(this, name);
        throw new DOMException('not now', 'UnknownError');
      };
    });
    const page = await signIn(device, 'coach1');
    await device.context.addCookies([{ name: 'stuck', value: 'yes', url: server.base }]);
    await page.getByRole('link', { name: 'Instellingen' }).click();
    await page.getByRole('button', { name: 'Afmelden op dit apparaat' }).click();
    await heading(page, 'Dit apparaat is nog niet leeg').waitFor({ timeout: 30_000 });
    await accessible(page, 'a device that is not empty');
    await page.reload();
    await heading(page, 'Dit apparaat is nog niet leeg').waitFor();
    assert.ok((await keys(page, 'vault')).length > 0);
    await device.context.clearCookies({ name: 'stuck' });
    await page.getByText('Je bent afgemeld en dit apparaat is gewist.').waitFor();
    for (const store of ['vault', 'items']) assert.deepEqual(await keys(page, store), []);
  } finally {
    await server.remove();
    await device.close();
  }
});

test('nobody signs out of what the server lacks, also when the session has ended', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(device, 'coach1');
    await installed(page);
    await device.context.clearCookies();
    await server.crash();
    await write(page, 'Zonder aanmelding.');
    await page.getByText('Je bent afgemeld. Schrijven kan gewoon').first().waitFor({ timeout: 30_000 });
    await page.getByRole('link', { name: 'Instellingen' }).click();
    await page.getByRole('button', { name: 'Afmelden op dit apparaat' }).click();
    await page.getByText(/Er staan nog [1-9]\d* wijzigingen alleen op dit apparaat/).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('alert').getByRole('button', { name: 'Kopie opslaan' }).click(),
    ]);
    const parts = [];
    for await (const part of await download.createReadStream()) parts.push(part);
    assert.match(Buffer.concat(parts).toString(), /Zonder aanmelding\./);
    assert.ok((await keys(page, 'outbox')).length > 0);
  } finally {
    await server.remove();
    await device.close();
  }
});

test('a device that nobody touches locks after five minutes, in every tab and after a sleep', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  try {
    await device.context.clock.install();
    const page = await signIn(device, 'coach1');
    const tab = await device.tab();
    await tab.goto('/');
    await unlock(tab);
    // Touched in the one, it stays open in the other.
    for (let minutes = 0; minutes < 8; minutes += 4) {
      await device.context.clock.runFor('04:00');
      await tab.mouse.move(10 + minutes, 10);
    }
    assert.equal(await heading(page, 'Vandaag').isVisible(), true);
    await device.context.clock.runFor('04:50');
    assert.equal(await heading(page, 'Vandaag').isVisible(), true);
    await device.context.clock.runFor('00:20');
    for (const at of [page, tab]) await heading(at, 'Ontgrendelen').waitFor();

    // A night with the lid down: no timer runs in it, and the first one after it locks.
    await unlock(page);
    await device.context.clock.fastForward('08:00:00');
    await heading(page, 'Ontgrendelen').waitFor();
  } finally {
    await server.remove();
    await device.close();
  }
});
