// A stolen profile: every file that the browser leaves on the disk, searched byte by byte, whatever became of the browser.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { Server, binary } from '../contract/client/server.mjs';
import { DESK, Device, closeBrowser, until } from './harness/browser.mjs';
import { PASSPHRASE, PASSWORD, heading, installed, signIn, synchronised } from './harness/person.mjs';
import { dump, found, profile } from './harness/storage.mjs';

after(closeBrowser);

// Of words that occur nowhere else, since what browsers write is compressed: a whole sentence can be torn apart there.
const NOTE = 'Vuurtorenwachter Quirinus fluisterde kastanjebruine klaproosgeheimen';
const SHARED = 'Zeewierkwekerij Ottoland verzamelt schaatsenrijdersanekdotes';
const GOAL = 'Windorgelbouwcursus afronden';
const RARE = ['Vuurtorenwachter', 'Quirinus', 'klaproosgeheimen', 'Zeewierkwekerij', 'schaatsenrijdersanekdotes', 'Windorgelbouwcursus'];
const CONTROL = 'Draailierhersteller';

/** The name and the address of everybody, as the server's own command line tells them. */
function everybody(server) {
  const { stdout } = spawnSync(binary(), ['user', '--data', server.data, 'list'], { encoding: 'utf8' });
  const addresses = stdout.match(/[\w.]+@demo\.example/g);
  assert.ok(addresses?.length > 20, stdout);
  return addresses;
}

test('nothing that was typed, and nobody, is found in the profile, after a lock, a crash and a closed browser', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK, restartable: true });
  try {
    let page = await signIn(device, 'coach1');
    await installed(page);
    // What is put there in clear is found, or the search would show nothing.
    await page.evaluate(async (word) => {
      localStorage.setItem('controle', word);
      document.title = `${word} in de geschiedenis`;
      const request = indexedDB.open('controle', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('controle');
      const database = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
      const transaction = database.transaction('controle', 'readwrite');
      transaction.objectStore('controle').put(`${word} in de database`, 1);
      await new Promise((resolve) => (transaction.oncomplete = resolve));
      database.close();
    }, CONTROL);

    const names = await page.evaluate(async () => (await (await fetch('/api/directory', { cache: 'no-store' })).json()).people.map(({ name }) => name));
    assert.ok(names.includes('Sanne Bakker'), `${names}`);
    const secrets = [NOTE, SHARED, GOAL, ...RARE, ...names, ...everybody(server), PASSWORD, PASSPHRASE];

    // Pages that name somebody, and fields of every sort, with text in them when the browser goes.
    await page.getByRole('link', { name: 'Trajecten', exact: true }).click();
    await page.getByRole('main').getByRole('link', { name: 'Sanne Bakker' }).click();
    await heading(page, 'Sanne Bakker').waitFor();
    assert.doesNotMatch(await page.title(), /Sanne|Bakker/);
    await page.getByRole('link', { name: /^Doelen/ }).click();
    const goal = page.locator('main form input[type="text"], main form textarea').first();
    if (await goal.count()) await goal.fill(GOAL);
    await page.goto('/vandaag');
    await page.getByLabel('Wachtzin', { exact: true }).fill(PASSPHRASE);
    await page.getByRole('button', { name: 'Openen' }).click();
    await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
    await page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen').fill(NOTE);
    await page.getByRole('region', { name: /^Gedeeld met/ }).getByLabel('Gedeelde notitie').fill(SHARED);
    await synchronised(page);
    assert.deepEqual(found(await dump(page), [NOTE, SHARED, ...RARE]), [], 'in what the page can reach');
    assert.doesNotMatch(page.url(), /Sanne|Bakker|coach1/);

    const searched = (files) => {
      const control = found(files, [CONTROL]);
      return /Local Storage/.test(control) && /IndexedDB/.test(control);
    };
    // A browser writes localStorage when it sees fit: until then the search of a crashed one would show nothing.
    await until(page, () => searched(profile(device.profile)), 'what was put there in clear is on the disk');
    const look = (when) => {
      const files = profile(device.profile);
      assert.ok(searched(files), `${when}: the search finds nothing`);
      // What the browser keeps of a sign-in form by itself, where its owner lets it, is her own address.
      const own = /^Default\/(Login Data|Web Data|Sessions\/)\S*: coach1@demo\.example$/;
      assert.deepEqual(found(files, secrets).filter((it) => !own.test(it)), [], when);
    };
    // Open, and the power goes.
    page = await device.kill(() => look('after a crash'));
    await page.goto('/');
    await page.getByLabel('Wachtzin', { exact: true }).fill(PASSPHRASE);
    await page.getByRole('button', { name: 'Openen' }).click();
    await heading(page, 'Vandaag').waitFor();
    await page.getByRole('button', { name: 'Vergrendelen' }).first().click();
    await heading(page, 'Ontgrendelen').waitFor();
    page = await device.restart(() => look('locked and closed'));
    const history = profile(device.profile).filter(({ place }) => /History|Sessions/.test(place));
    assert.ok(history.length > 0, 'the browser keeps no history here');
  } finally {
    await server.remove();
    await device.close();
  }
});
