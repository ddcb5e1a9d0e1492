// A disk that is full or slow: nothing is lost without a word, and what was deleted stays deleted.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { Session } from '../contract/client/session.mjs';
import { toText } from '../contract/client/bytes.mjs';
import { DESK, Device, PHONE, TABLET, accessible, closeBrowser, until } from './harness/browser.mjs';
import { failed, failingReads, full, keys, mark, slow } from './harness/disk.mjs';
import { Network } from './harness/network.mjs';
import { heading, installed, signIn, synchronised, unlock } from './harness/person.mjs';
import { Writer } from './harness/writing.mjs';

after(closeBrowser);

const mine = (page) => page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen');

async function beginNote(page) {
  await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
  await mine(page).waitFor();
}

async function write(page, words) {
  await mine(page).focus();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText(words);
}

const showing = (page, text) =>
  page.waitForFunction((wanted) => [...document.querySelectorAll('textarea')].some((it) => it.value === wanted), text, { timeout: 30_000 });

const says = (page, words) => page.locator('.state').getByText(words).first().waitFor();

test('a full disk: nothing is lost without a word, not by a lock, nor by signing out, nor by a new version', async () => {
  const server = await Server.start();
  const network = await Network.before(server);
  network.sockets = true;
  const device = await Device.make(network, { size: PHONE, acceptDownloads: true });
  try {
    await slow(device.page);
    const page = await signIn(device, 'coach1');
    await installed(page);
    await beginNote(page);
    await mine(page).fill('Voor de schijf vol was. ');
    await synchronised(page);
    // There is a new version, for which there was room.
    network.changed.set('/sw.js', (text) => `${text}\n// A new version.\n`);
    await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
    await page.getByRole('button', { name: 'Bijwerken' }).waitFor();
    await full(page);
    await write(page, 'En daarna.');
    await says(page, 'De opslag van dit apparaat is vol.');

    await page.getByRole('button', { name: 'Vergrendelen' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Nog niet vergrendeld' });
    await dialog.waitFor();
    await dialog.getByText('Nog niet op dit apparaat opgeslagen wijzigingen: 1.').waitFor();
    await accessible(page, 'a lock that would lose something');
    const saving = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Kopie opslaan' }).click();
    const copy = readFileSync(await (await saving).path(), 'utf8');
    assert.ok(copy.includes('Voor de schijf vol was. En daarna.'), copy);
    await dialog.getByRole('button', { name: 'Verder werken' }).click();
    await dialog.waitFor({ state: 'hidden' });
    assert.equal(await mine(page).inputValue(), 'Voor de schijf vol was. En daarna.');

    // The new version is not taken.
    await page.getByRole('button', { name: 'Bijwerken' }).click();
    const later = page.getByRole('dialog', { name: 'Nog niet bijgewerkt' });
    await later.waitFor();
    await accessible(page, 'an update that would lose something');
    await later.getByRole('button', { name: 'Verder werken' }).click();
    await later.waitFor({ state: 'hidden' });

    await page.getByRole('link', { name: 'Instellingen' }).click();
    await heading(page, 'Instellingen').waitFor();
    await page.getByRole('button', { name: 'Afmelden op dit apparaat' }).click();
    await page.getByRole('alert').getByText('Nog niet op dit apparaat opgeslagen wijzigingen: 1.').waitFor();
    await accessible(page, 'a sign-out that would lose something');
    await page.goBack();
    await mine(page).waitFor();

    // Room is made while the lock waits: it happens by itself, and nothing is missing.
    await page.getByRole('button', { name: 'Vergrendelen' }).first().click();
    await dialog.waitFor();
    await full(page, false);
    await unlock(page);
    await showing(page, 'Voor de schijf vol was. En daarna.');
    await synchronised(page);
  } finally {
    await network.close();
    await server.remove();
    await device.close();
  }
});

test('signing out stops for what the server has refused and is here alone', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: TABLET, acceptDownloads: true });
  try {
    const page = await signIn(device, 'coach1');
    await beginNote(page);
    await mine(page).fill('Alleen hier.');
    await synchronised(page);
    // Of the document that was written in: others may still be on their way to this device.
    const { replica } = await (await Writer.of(server, 'coach1')).find('Alleen hier.');
    const item = (await keys(page, 'items')).find((key) => key.startsWith(`${toText(replica.doc)}/`));
    await mark(page, 'outbox', `refused/${item}`);
    await page.getByRole('link', { name: 'Instellingen' }).click();
    await page.getByRole('button', { name: 'Afmelden op dit apparaat' }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('Er staan nog 1 wijzigingen alleen op dit apparaat.').waitFor();
    const saving = page.waitForEvent('download');
    await alert.getByRole('button', { name: 'Kopie opslaan' }).click();
    const copy = readFileSync(await (await saving).path(), 'utf8');
    // For who reads it, and behind that for who has to put it back.
    assert.ok(copy.includes('<blockquote>'), copy);
    assert.equal(copy.split(item.split('/')[0]).length - 1, 1, copy);
    // Once its content is in another change nothing stands in the way.
    await mark(page, 'outbox', `replaced/${item}`);
    await page.reload();
    await unlock(page);
    await synchronised(page);
    await page.getByRole('link', { name: 'Instellingen' }).click();
    await page.getByRole('button', { name: 'Afmelden op dit apparaat' }).click();
    await page.getByLabel('E-mailadres').waitFor();
  } finally {
    await server.remove();
    await device.close();
  }
});

test('a document that cannot be read for a moment is there after it', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  try {
    await failingReads(device.context);
    const page = await signIn(device, 'coach1');
    await beginNote(page);
    await mine(page).fill('Begin.');
    await synchronised(page);
    await page.addInitScript(() => (window.failReads = true));
    await page.reload();
    await unlock(page);
    await failed(page);
    await page.evaluate(() => (window.failReads = false));
    await showing(page, 'Begin.');
    await synchronised(page);
  } finally {
    await server.remove();
    await device.close();
  }
});

test('who locks a full device anyway is asked nothing more', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: PHONE });
  try {
    await slow(device.page);
    const page = await signIn(device, 'coach1');
    await beginNote(page);
    await mine(page).fill('Blijft.');
    await synchronised(page);
    await full(page);
    await write(page, ' Gaat weg.');
    await says(page, 'De opslag van dit apparaat is vol.');
    // The browser itself asks whoever closes the page.
    const asked = page.waitForEvent('dialog');
    const leaving = page.goto('about:blank').catch(() => {});
    const question = await asked;
    assert.equal(question.type(), 'beforeunload');
    await question.dismiss();
    await leaving;
    await page.getByRole('button', { name: 'Vergrendelen' }).first().click();
    await page.getByRole('button', { name: 'Toch vergrendelen' }).click();
    await unlock(page);
    await showing(page, 'Blijft.');
  } finally {
    await server.remove();
    await device.close();
  }
});

test('what others write waits at the server while the disk is full', async () => {
  const server = await Server.start();
  const [tight, other] = [await Device.make(server, { size: TABLET }), await Device.make(server, { size: DESK })];
  try {
    await slow(tight.page);
    const page = await signIn(tight, 'coach1');
    await beginNote(page);
    await mine(page).fill('midden');
    await synchronised(page);
    const writing = await signIn(other, 'coach1');
    await writing.goto(page.url());
    await unlock(writing);
    await showing(writing, 'midden');
    await full(page);
    await write(writing, ' en meer');
    await synchronised(writing);
    await says(page, 'Wat anderen schreven past niet meer op dit apparaat.');
    assert.equal(await mine(page).inputValue(), 'midden');
    await accessible(page, 'a device that is full');
    await full(page, false);
    await showing(page, 'midden en meer');
    await synchronised(page, 30_000);
    // On disk too.
    await page.reload();
    await unlock(page);
    await showing(page, 'midden en meer');
  } finally {
    await server.remove();
    for (const device of [tight, other]) await device.close();
  }
});

test('what was on its way to a slow disk does not outlive a deletion', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  try {
    const employee = await Session.signIn(server, 'medewerker2');
    const trainer = await Session.signIn(server, 'trainer');
    const programme = trainer.replica(await trainer.document('programme'));
    await trainer.read(programme);
    await slow(device.page);
    const page = await signIn(device, 'adviseur');
    const before = await keys(page, 'items');
    await page.evaluate(() => (window.hold = (stores) => stores.includes('items')));

    const [{ id: trajectory }] = (await employee.directory()).trajectories;
    const { document } = await employee.done({ type: 'share_reflection', trajectory });
    // What the server says of a document at first is on its way to the disk, and waits there.
    await page.waitForFunction(() => window.held.length > 0);
    const shared = employee.replica(Buffer.from(document, 'base64url'));
    await employee.read(shared);
    await employee.exchange({ t: 'push', id: 1, doc: shared.doc, items: [shared.edit((doc) => (doc.tekst = 'gedeeld'))] });
    await trainer.exchange({ t: 'push', id: 1, doc: programme.doc, items: [programme.edit((doc) => (doc.tekst = 'later'))] });
    await employee.done({ type: 'withdraw_reflection', trajectory });
    await page.waitForFunction((doc) => window.told?.has(doc), document);
    await page.evaluate(() => {
      window.hold = undefined;
      window.held.forEach(({ release }) => release());
    });
    // Whatever was to be written before the programme's change has been written once that is there.
    const marker = `${toText(programme.doc)}/`;
    const isNew = (key) => key.startsWith(marker) && !before.includes(key);
    await until(page, async () => (await keys(page, 'items')).some(isNew), 'what came later was never written');
    for (const store of ['items', 'cursors']) {
      const left = (await keys(page, store)).filter((key) => key.startsWith(document));
      assert.deepEqual(left, [], `left in ${store}`);
    }
  } finally {
    await server.remove();
    await device.close();
  }
});

test('a tab that is closed twice between writing and noting so has not crashed', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  const other = await Device.make(server, { size: TABLET });
  try {
    await slow(device.page);
    const page = await signIn(device, 'coach1');
    const writing = await signIn(other, 'coach1');
    await beginNote(writing);
    await synchronised(writing);
    // A page that reads no note.
    await page.goto('/instellingen');
    await unlock(page);
    await synchronised(page);
    const known = await keys(page, 'items');
    await mine(writing).fill('Gewoon te lezen.');
    await synchronised(writing);
    // The note stays until the document is made, and this page makes none.
    while ((await keys(page, 'items')).length === known.length) await synchronised(page);
    assert.ok((await keys(page, 'blobs')).some((key) => key.startsWith('applying/')), 'nothing was noted');
    for (let start = 0; start < 2; start += 1) {
      await page.goto('about:blank');
      await page.goto('/instellingen');
      await unlock(page);
      await synchronised(page);
    }
    await page.goto(writing.url());
    await unlock(page);
    await showing(page, 'Gewoon te lezen.');
    await synchronised(page);
    assert.equal(await page.getByText('Actie nodig').count(), 0);
  } finally {
    await server.remove();
    for (const each of [device, other]) await each.close();
  }
});

test('an emptied device starts without a network all the same', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: PHONE });
  try {
    const page = await signIn(device, 'coach1');
    await installed(page);
    await page.getByRole('link', { name: 'Instellingen' }).click();
    await page.getByRole('button', { name: 'Afmelden op dit apparaat' }).click();
    await heading(page, 'Aanmelden').waitFor();
    for (const store of ['vault', 'items', 'blobs']) assert.deepEqual(await keys(page, store), []);
    await server.stop('SIGKILL');
    await page.reload();
    await heading(page, 'Aanmelden').waitFor();
  } finally {
    await server.remove();
    await device.close();
  }
});
