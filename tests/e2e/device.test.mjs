// What is on a device: taken away when it is revoked, unreadable to a thief, the same in two tabs.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, TABLET, accessible, closeBrowser, until } from './harness/browser.mjs';
import { keys } from './harness/disk.mjs';
import { heading, installed, saved, signIn, synchronised, unlock } from './harness/person.mjs';
import { dump, readable } from './harness/storage.mjs';

after(closeBrowser);

const mine = (page) => page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen');

async function beginNote(page, name) {
  await page.getByRole('button', { name: `Nieuwe notitie bij ${name}` }).click();
  await mine(page).waitFor();
}

const showing = (page, text) =>
  page.waitForFunction((wanted) => [...document.querySelectorAll('textarea')].some((it) => it.value === wanted), text, { timeout: 30_000 });

test('a revoked device is wiped at its next contact', async () => {
  const server = await Server.start();
  const lost = await Device.make(server, { size: PHONE });
  const kept = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(lost, 'coach1');
    await installed(page);
    await beginNote(page, 'Sanne Bakker');
    await mine(page).fill('Dit mag een vinder niet lezen.');
    await synchronised(page);
    // The tablet is lost: nobody has the page open.
    await page.goto('about:blank');

    const other = await signIn(kept, 'coach1');
    await other.getByRole('link', { name: 'Mijn apparaten' }).click();
    await heading(other, 'Mijn apparaten').waitFor();
    await accessible(other, 'Mijn apparaten');
    const devices = other.getByRole('main').getByRole('listitem');
    await devices.filter({ hasNotText: 'dit apparaat' }).getByRole('button', { name: /^Intrekken/ }).first().click();
    await other.getByRole('dialog').getByRole('button', { name: 'Intrekken' }).click();
    await other.getByText('ingetrokken', { exact: true }).waitFor();

    await page.goto('/');
    // It may be wiped before anybody has typed a passphrase, or as soon as it is open.
    const locked = page.getByRole('button', { name: 'Openen' });
    const wiped = page.getByText('Dit apparaat is ingetrokken en daarom gewist.');
    await locked.or(wiped).first().waitFor();
    if (await locked.isVisible()) await unlock(page).catch(() => {});
    await wiped.waitFor();
    await heading(page, 'Aanmelden').waitFor();
    await accessible(page, 'a wiped device');
    const left = (await dump(page)).filter(({ place, bytes }) => !place.startsWith('cache') && bytes.length > 64);
    assert.deepEqual(left.map(({ place }) => place), [], 'something was left behind');
    await page.reload();
    await page.getByLabel('E-mailadres').waitFor();
  } finally {
    await server.remove();
    for (const device of [lost, kept]) await device.close();
  }
});

test('a browser that does not delete is asked again, and nothing says that the device is empty before it is', async () => {
  const server = await Server.start();
  const lost = await Device.make(server, { size: PHONE });
  const kept = await Device.make(server, { size: DESK });
  try {
    // How often each page asked, by the moment at which it started.
    const tries = new Map();
    await lost.context.exposeFunction('tried', (page) => tries.set(page, (tries.get(page) ?? 0) + 1));
    await lost.context.addInitScript(() => {
      const real = IDBFactory.prototype.deleteDatabase;
      IDBFactory.prototype.deleteDatabase = function (name) {
        if (!document.cookie.includes('stuck=yes')) return real.call(this, name);
        window.tried(performance.timeOrigin);
        throw new DOMException('not now', 'UnknownError');
      };
    });
    const page = await signIn(lost, 'coach1');
    await page.goto('about:blank');
    const other = await signIn(kept, 'coach1');
    await other.getByRole('link', { name: 'Mijn apparaten' }).click();
    const devices = other.getByRole('main').getByRole('listitem');
    await devices.filter({ hasNotText: 'dit apparaat' }).getByRole('button', { name: /^Intrekken/ }).first().click();
    await other.getByRole('dialog').getByRole('button', { name: 'Intrekken' }).click();
    await other.getByText('ingetrokken', { exact: true }).waitFor();

    await lost.context.addCookies([{ name: 'stuck', value: 'yes', url: server.base }]);
    await page.goto('/');
    // Several times by one page, and then by the next one, which finds noted that it is to go.
    await until(other, () => tries.size > 1, 'it is not tried again');
    assert.ok([...tries.values()][0] > 1, 'one page asked once');
    await heading(page, 'Dit apparaat is nog niet leeg').waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0, 'it says that it is empty');
    assert.ok((await keys(page, 'items')).length > 0);

    await lost.context.clearCookies({ name: 'stuck' });
    await page.getByText('Dit apparaat is ingetrokken en daarom gewist.').waitFor();
    for (const store of ['vault', 'items']) assert.deepEqual(await keys(page, store), []);
  } finally {
    await server.remove();
    for (const device of [lost, kept]) await device.close();
  }
});

test('two tabs agree, with the server and without', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: TABLET });
  try {
    const first = await signIn(device, 'coach1');
    await installed(first);
    await beginNote(first, 'Sanne Bakker');
    await mine(first).fill('Eerste tab.');
    await synchronised(first);
    const second = await device.tab();
    await second.goto(first.url());
    await unlock(second);
    await showing(second, 'Eerste tab.');

    await mine(second).focus();
    await second.keyboard.press('Control+End');
    await second.keyboard.insertText(' Tweede tab.');
    await showing(first, 'Eerste tab. Tweede tab.');

    await server.stop('SIGKILL');
    await mine(first).focus();
    await first.keyboard.press('Control+Home');
    await first.keyboard.insertText('Zonder server. ');
    await showing(second, 'Zonder server. Eerste tab. Tweede tab.');
    await saved(second);
    await first.close();
    await server.start();
    await synchronised(second, 60_000);
    await showing(second, 'Zonder server. Eerste tab. Tweede tab.');
  } finally {
    await server.remove();
    await device.close();
  }
});

test('nothing that was typed or read can be read from what the device keeps', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  const typed = ['Deze zin is een geheim van twee mensen.', 'En deze ook, met een komma.'];
  try {
    const page = await signIn(device, 'coach1');
    await installed(page);
    await beginNote(page, 'Sanne Bakker');
    await mine(page).fill(typed[0]);
    await page.getByRole('region', { name: /^Gedeeld met/ }).getByLabel('Gedeelde notitie').fill(typed[1]);
    await synchronised(page);
    const kept = await dump(page);
    assert.ok(kept.filter(({ place }) => !place.startsWith('cache')).length > 10, 'the device keeps nothing');
    const names = ['Sanne Bakker', 'Fatima El Amrani', 'coach1@demo.example', 'working_notes', 'shared_notes', 'kastanje fiets'];
    const found = readable(kept.filter(({ place }) => !place.startsWith('cache')), [...typed, ...names]);
    assert.deepEqual(found, [], 'readable on the device');
    assert.deepEqual(readable(kept, typed), [], 'readable in a cache');
    assert.ok(!kept.some(({ key }) => key === true), 'a key that can be taken out');
    assert.equal(await page.evaluate(() => document.cookie), '', 'a cookie that the page can read');

    await page.getByRole('button', { name: 'Vergrendelen' }).first().click();
    await heading(page, 'Ontgrendelen').waitFor();
    await accessible(page, 'the lock');
    assert.equal(await page.getByText(typed[0]).count(), 0);
    await page.getByLabel('Wachtzin', { exact: true }).fill('niet de goede wachtzin');
    await page.getByRole('button', { name: 'Openen' }).click();
    await page.getByText('Deze wachtzin klopt niet.').waitFor();
  } finally {
    await server.remove();
    await device.close();
  }
});
