// A shared device: nothing of it stays, it ends by itself, and not before the server has everything.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { Session } from '../contract/client/session.mjs';
import { DESK, Device, PHONE, accessible, closeBrowser, until } from './harness/browser.mjs';
import { PASSWORD, heading, synchronised } from './harness/person.mjs';
import { dump, readable } from './harness/storage.mjs';

after(closeBrowser);

const SENTENCE = 'Heimwee naar de vuurtoren van Vlieland.';
const mine = (page) => page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen');
const waits = (page) => page.locator('summary').filter({ hasText: /^In dit tabblad bewaard/ }).first().waitFor();

async function signInHere(page, name = 'coach1') {
  await page.goto('/');
  await page.getByLabel('E-mailadres').fill(`${name}@demo.example`);
  await page.getByLabel('Wachtwoord', { exact: true }).fill(PASSWORD);
  await page.getByLabel('Dit is een gedeeld apparaat').check();
  await page.getByRole('button', { name: 'Aanmelden' }).click();
  await synchronised(page);
}

async function write(page, words) {
  await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
  await mine(page).fill(words);
}

/** Who counts the devices of a person that live, on one of her own. */
async function counting(server, name) {
  const session = await Session.signIn(server, name);
  return async () => {
    const { devices } = await session.directory();
    return devices.filter(({ user, revoked }) => user.equals(session.user) && !revoked).length;
  };
}

test('on a shared device nothing stays, and a reload asks to sign in again', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: PHONE });
  const { page } = device;
  try {
    const living = await counting(server, 'coach1');
    const before = await living();
    await page.goto('/');
    await page.getByLabel('Dit is een gedeeld apparaat').check();
    await accessible(page, 'the choice of a shared device');
    await signInHere(page);
    await accessible(page, 'a shared device');
    await write(page, SENTENCE);
    await synchronised(page);
    assert.equal(await living(), before + 1);

    const kept = await dump(page);
    const beside = kept.filter(({ place }) => !place.startsWith('cache') && !place.startsWith('storage loopbaanmaat.shared'));
    assert.deepEqual(beside.map(({ place }) => place), [], 'kept in the browser');
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    assert.deepEqual(readable(kept, [SENTENCE, 'Sanne Bakker', 'coach1@demo.example']), [], 'readable in the browser');
    const [cookie] = await device.context.cookies();
    assert.equal(cookie.expires, -1, 'the cookie outlives the browser');
    assert.equal(await page.getByRole('button', { name: 'Vergrendelen' }).count(), 0);

    // A preference is had for this visit.
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByText('Shared device: nothing stays here.').waitFor();
    assert.equal(await page.evaluate(() => localStorage.length), 0);

    await page.reload();
    await heading(page, 'Aanmelden').waitFor();
    assert.equal(await page.getByText(SENTENCE).count(), 0);
    await until(page, async () => (await living()) === before, 'the device lives on');
    assert.deepEqual((await dump(page)).filter(({ place }) => !place.startsWith('cache')).map(({ place }) => place), []);
  } finally {
    await server.remove();
    await device.close();
  }
});

test('who signs out of a shared device is stopped by what the server lacks, and then leaves nothing', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  const { page } = device;
  try {
    const living = await counting(server, 'coach1');
    const before = await living();
    await signInHere(page);
    await server.stop('SIGKILL');
    await write(page, SENTENCE);
    await waits(page);
    await page.getByRole('link', { name: 'Afmelden' }).click();
    await page.getByText('Dit is een gedeeld apparaat. Alles staat alleen in dit tabblad').waitFor();
    await page.getByRole('button', { name: 'Afmelden op dit apparaat' }).click();
    await page.getByText(/Er staan nog [1-9]\d* wijzigingen alleen op dit apparaat/).waitFor();
    await page.getByText('Een kopie komt op dit gedeelde apparaat te staan.').waitFor();
    await accessible(page, 'a sign-out that was stopped');

    // Who closes the tab all the same is asked.
    const asked = new Promise((resolve) => {
      page.once('dialog', (dialog) => {
        resolve(dialog.type());
        return dialog.dismiss();
      });
    });
    await page.close({ runBeforeUnload: true });
    assert.equal(await asked, 'beforeunload');

    await server.start();
    await synchronised(page, 60_000);
    await page.getByRole('button', { name: 'Afmelden op dit apparaat' }).click();
    await page.getByText('Je bent afgemeld en dit apparaat is gewist.').waitFor();
    assert.equal(await living(), before);
    assert.deepEqual(await device.context.cookies(), []);
  } finally {
    await server.remove();
    await device.close();
  }
});

test('two tabs of a shared device are two devices, and the one does not end the other', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  const { page } = device;
  try {
    const living = await counting(server, 'coach1');
    const before = await living();
    await signInHere(page);
    await write(page, SENTENCE);
    await synchronised(page);
    const tab = await device.tab();
    await signInHere(tab);
    assert.equal(await living(), before + 2);
    const session = (at) => at.evaluate(async () => (await (await fetch('/api/session')).json()).device);
    const second = await session(tab);
    // The first one goes: what it ends is its own session, which is not the one of the browser any more.
    await page.close({ runBeforeUnload: true });
    assert.equal(await session(tab), second);
    await write(tab, 'Gaat gewoon door.');
    await synchronised(tab);
  } finally {
    await server.remove();
    await device.close();
  }
});

test('a shared device that nobody touches ends after five minutes', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  const { page } = device;
  try {
    const living = await counting(server, 'coach1');
    const before = await living();
    await page.clock.install();
    await signInHere(page);
    await write(page, SENTENCE);
    await synchronised(page);
    await page.clock.runFor('04:50');
    assert.equal(await mine(page).inputValue(), SENTENCE);
    await page.clock.runFor('00:15');
    await page.getByText('Je bent afgemeld, omdat er vijf minuten niets gebeurde.').waitFor();
    await accessible(page, 'a shared device that was left alone');
    await until(page, async () => (await living()) === before, 'the device lives on');
  } finally {
    await server.remove();
    await device.close();
  }
});

test('a shared device that is left alone with something unsynchronised hides it until the server has it', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: PHONE });
  const { page } = device;
  try {
    await page.clock.install();
    await signInHere(page);
    await server.stop('SIGKILL');
    await write(page, SENTENCE);
    await waits(page);
    await page.clock.runFor('05:05');
    await heading(page, 'Even weggeweest').waitFor();
    await page.getByText(/Nog niet op de server: [1-9]\d*\./).waitFor();
    await accessible(page, 'a shared device that waits');
    assert.equal(await page.getByText(SENTENCE).count(), 0);
    assert.equal(await page.locator('textarea').count(), 0);
    assert.equal(await page.getByRole('link', { name: 'Instellingen' }).count(), 0);

    // Whoever knows the password goes on.
    await server.start();
    await page.getByLabel('E-mailadres').fill('coach1@demo.example');
    await page.getByLabel('Wachtwoord', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Aanmelden' }).click();
    await page.locator('textarea').first().waitFor();
    assert.equal(await mine(page).inputValue(), SENTENCE);

    // Whoever does not sees it end once the server has everything.
    await server.stop('SIGKILL');
    await mine(page).fill(`${SENTENCE} En meer.`);
    await waits(page);
    await page.clock.runFor('05:05');
    await heading(page, 'Even weggeweest').waitFor();
    await server.start();
    await until(page, async () => {
      // The page may be starting anew.
      await page.clock.runFor('00:05').catch(() => {});
      return page.getByText('Je bent afgemeld, omdat er vijf minuten niets gebeurde.').isVisible();
    }, 'it does not end');
  } finally {
    await server.remove();
    await device.close();
  }
});
