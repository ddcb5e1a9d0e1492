// A network that lets no WebSocket through: the same notes, by plain requests.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, TABLET, closeBrowser, until } from './harness/browser.mjs';
import { Network } from './harness/network.mjs';
import { saved, signIn, synchronised, unlock } from './harness/person.mjs';
import { Writer } from './harness/writing.mjs';

after(closeBrowser);

const mine = (page) => page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen');

const showing = (page, text) =>
  page.waitForFunction((wanted) => [...document.querySelectorAll('textarea')].some((it) => it.value === wanted), text, { timeout: 30_000 });

const connected = (page) => page.locator('.connection').filter({ hasText: /^Verbonden$/ }).waitFor({ timeout: 30_000 });

test('where WebSockets are blocked notes still merge, and the WebSocket is taken once it works', async () => {
  const server = await Server.start();
  const network = await Network.before(server);
  const blocked = await Device.make(network, { size: TABLET });
  const free = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(blocked, 'coach1');
    await connected(page);
    assert.ok(network.refused >= 3, `only ${network.refused} WebSockets were tried`);
    assert.equal(network.passed, 0);
    await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
    await mine(page).fill('midden');
    await synchronised(page);

    const other = await signIn(free, 'coach1');
    await other.goto(new URL(page.url()).pathname);
    await unlock(other);
    await showing(other, 'midden');
    await mine(other).focus();
    await other.keyboard.press('Control+Home');
    await other.keyboard.insertText('Vooraf, vrij: ');
    await showing(page, 'Vooraf, vrij: midden');
    await mine(page).focus();
    await page.keyboard.press('Control+End');
    await page.keyboard.insertText('. Achteraf, geblokkeerd');
    const whole = 'Vooraf, vrij: midden. Achteraf, geblokkeerd';
    for (const each of [page, other]) {
      await showing(each, whole);
      await synchronised(each);
    }
    assert.equal(network.passed, 0);

    // Another network: the page hears of it and takes the better way.
    network.sockets = true;
    const live = page.waitForEvent('websocket', { predicate: (socket) => socket.url().endsWith('/sync') });
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await live;
    await connected(page);
    await mine(other).focus();
    await other.keyboard.press('Control+End');
    await other.keyboard.insertText('. En live.');
    await showing(page, `${whole}. En live.`);
    assert.ok(network.passed >= 2, 'the page went on without the WebSocket that worked');
  } finally {
    await network.close();
    await server.remove();
    for (const device of [blocked, free]) await device.close();
  }
});

test('what a dead network or its login page swallowed has not been sent, and is once it works', async () => {
  const server = await Server.start();
  const network = await Network.before(server);
  const device = await Device.make(network, { size: TABLET });
  try {
    const page = await signIn(device, 'coach1');
    await connected(page);
    await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
    await mine(page).fill('Begin.');
    await synchronised(page);
    let whole = 'Begin.';
    for (const [how, words] of [['dead', ' In het niets.'], ['login', ' Voor een gesloten deur.']]) {
      network.requests = how;
      network.lost = 0;
      whole += words;
      await mine(page).fill(whole);
      await until(page, () => network.lost > 1, `nothing was sent while the network was ${how}`);
      await saved(page);
    }
    assert.equal(network.passed, 0);
    const writer = await Writer.of(server, 'coach1');
    await assert.rejects(writer.find(whole), 'it went another way');
    network.requests = 'pass';
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await synchronised(page, 60_000);
    await (await Writer.of(server, 'coach1')).find(whole);
    assert.equal(network.passed, 0);
  } finally {
    await network.close();
    await server.remove();
    await device.close();
  }
});

test('where WebSockets are blocked a document that comes later is read like those that were there', async () => {
  const server = await Server.start();
  const network = await Network.before(server);
  const blocked = await Device.make(network, { size: PHONE });
  try {
    const page = await signIn(blocked, 'medewerker2');
    await connected(page);
    await page.getByRole('link', { name: 'Naar het reflectieformulier' }).first().click();
    await page.getByRole('link', { name: 'A. Aanleiding' }).click();
    await page.getByLabel(/^Wat brengt je hier\?/).fill('Ik wil weten wat er nog meer is.');
    await page.getByRole('link', { name: 'Alle onderdelen' }).first().click();
    await page.getByRole('link', { name: 'Kiezen wat je deelt' }).first().click();
    await page.getByLabel('A. Aanleiding').check();
    await page.getByRole('button', { name: 'Mijn keuze delen' }).click();
    // A document that was not there when the connection began.
    await page.getByRole('heading', { name: 'Dit deel je nu' }).waitFor({ timeout: 30_000 });
    await synchronised(page, 30_000);
    assert.equal(await page.getByText('Actie nodig').count(), 0);
    assert.equal(network.passed, 0);
  } finally {
    await network.close();
    await server.remove();
    await blocked.close();
  }
});

test('a lost device that is locked is emptied where WebSockets are blocked too', async () => {
  const server = await Server.start();
  const network = await Network.before(server);
  const lost = await Device.make(network, { size: TABLET });
  const kept = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(lost, 'coach2');
    await page.goto('about:blank');
    const other = await signIn(kept, 'coach2');
    await other.getByRole('link', { name: 'Mijn apparaten' }).click();
    const devices = other.getByRole('main').getByRole('listitem');
    await devices.filter({ hasNotText: 'dit apparaat' }).getByRole('button', { name: /^Intrekken/ }).first().click();
    await other.getByRole('dialog').getByRole('button', { name: 'Intrekken' }).click();
    await other.getByText('ingetrokken', { exact: true }).waitFor();
    // Nobody types a passphrase.
    await page.goto('/');
    await page.getByText('Dit apparaat is ingetrokken en daarom gewist.').waitFor();
  } finally {
    await network.close();
    await server.remove();
    for (const device of [lost, kept]) await device.close();
  }
});
