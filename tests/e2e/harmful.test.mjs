// Harmful changes on a device: one that brings the page down, and one that the server finds harmful after the device
// has built on it.
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import * as client from '../contract/client/device.mjs';
import { hex } from '../contract/client/bytes.mjs';
import { binary, Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, TABLET, accessible, closeBrowser, until } from './harness/browser.mjs';
import { hashOf, make, poison, putAround } from './harness/around.mjs';
import { failed, failingReads, keys } from './harness/disk.mjs';
import { heading, installed, signIn, synchronised, unlock } from './harness/person.mjs';
import { Writer } from './harness/writing.mjs';

after(closeBrowser);

const mine = (page) => page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen');

const showing = (page, text) =>
  page.waitForFunction((wanted) => [...document.querySelectorAll('textarea')].some((it) => it.value === wanted), text, { timeout: 60_000 });

async function write(page, words) {
  await mine(page).focus();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText(words);
}

const hasItem = (page, hash) => async () => (await keys(page, 'items')).some((key) => key.endsWith(hash.toString('base64url')));

/** Secret keys of devices are all one byte, another one each: a test can then write as the device of a page does. */
const knownSecrets = (context) =>
  context.addInitScript(() => {
    const real = Crypto.prototype.getRandomValues;
    let count = 0;
    Crypto.prototype.getRandomValues = function (into) {
      if (into.byteLength !== 32) return real.call(this, into);
      count += 1;
      new Uint8Array(into.buffer, into.byteOffset, 32).fill(count);
      return into;
    };
  });

/** The devices that such a page may have. */
const knownDevices = () =>
  Array.from({ length: 16 }, (_, n) => {
    const key = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, n + 1)]);
    const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    return new client.Device({ privateKey, publicKey: createPublicKey(privateKey) });
  });

test('a change that brings the page down is left out after two crashes, and everything else goes on', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK, restartable: true, acceptDownloads: true });
  try {
    let page = await signIn(device, 'coach1');
    await installed(page);
    await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
    await mine(page).fill('Begin. ');
    await synchronised(page);
    const place = new URL(page.url()).pathname;
    const writer = await (await Writer.of(server, 'coach1')).find('Begin. ');
    const { doc, maxOp, merged, items } = writer.replica;
    const deps = writer.replica.heads.map((head) => Buffer.from(head, 'hex'));
    const data = poison({ actor: writer.session.device.actor(), startOp: maxOp + 1, deps });
    assert.ok(merged && items.length > 1);
    const item = writer.session.device.item(doc, data, hashOf(data));

    await server.stop();
    await putAround(server, doc, item, maxOp + 1);
    await server.start();
    // It reaches the page and brings it down: nothing that it wrote before is missing afterwards.
    await until(page, hasItem(page, item.hash), 'it never arrived');
    const down = () => device.faults.some((fault) => fault.includes('unreachable'));
    await until(page, down, 'it does no harm');
    // The page says so, and claims nothing any more. What stood in the field can be copied.
    const fallen = page.getByRole('alertdialog', { name: 'Er ging iets mis in dit programma' });
    await fallen.waitFor();
    assert.equal(await fallen.getByLabel('Dit stond in het veld waar je was').inputValue(), 'Begin. ');
    assert.ok(await fallen.evaluate((it) => it.contains(document.activeElement)), 'the focus is elsewhere');
    assert.equal(await page.locator('.state').count(), 0);
    assert.ok(!(await page.locator('body').innerText()).includes('Gesynchroniseerd'));
    assert.deepEqual(await page.getByRole('button').allInnerTexts(), ['Opnieuw laden']);
    for (const { width } of [PHONE, TABLET, DESK]) {
      await page.setViewportSize({ width, height: 740 });
      await accessible(page, `a program that has fallen, at ${width}`);
      if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/fallen-${width}.png` });
    }
    await page.setViewportSize(DESK);
    const loads = [];
    page.on('framenavigated', () => loads.push(page.url()));
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    assert.deepEqual(loads, []);
    await page.keyboard.press('Enter');
    await heading(page, 'Ontgrendelen').waitFor();
    page = await device.kill(() => (device.faults.length = 0));
    await page.goto(place);
    await unlock(page);
    await until(page, down, 'it was left out at once');
    page = await device.kill(() => (device.faults.length = 0));
    await page.goto(place);
    await unlock(page);
    await showing(page, 'Begin. ');
    await page.getByText('Actie nodig').first().waitFor();
    const told = page.locator('.state').getByText('je eigen aantekeningen over Sanne Bakker kon niet worden gelezen en is opzijgezet');
    await told.first().waitFor();
    const here = page.getByRole('region', { name: 'Alleen ik' }).getByText('Actie nodig');
    await here.waitFor();
    await accessible(page, 'a document of which something is set aside');
    await write(page, 'Het gaat door.');
    await showing(page, 'Begin. Het gaat door.');
    assert.deepEqual(device.faults, []);
    if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/poison.png`, fullPage: true });

    // The document itself syncs on: behind what was set aside the log grows, without a gap.
    const log = async () => {
      const { session } = await Writer.of(server, 'coach1');
      const [opened, ...changes] = (await session.exchange({ t: 'open', docs: [session.replica(doc).place] })).filter(({ t }) => t !== 'directory');
      const found = changes.flatMap((message) => message.items);
      assert.deepEqual(found.map(({ seq }) => seq), found.map((_, at) => at + 1), 'a gap in the log');
      // What the page sends in between comes behind what there was when it was opened.
      assert.ok(found.length >= opened.head, `${found.length} of ${opened.head}`);
      return found;
    };
    const hasGrown = async () => (await log()).some(({ data }) => data?.includes('Het gaat door.'));
    await until(page, hasGrown, 'what was written in the poisoned document never arrived');
    assert.equal((await log()).findIndex(({ hash }) => hash.equals(item.hash)), items.length, 'the poison is elsewhere in the log');

    // What has been read stays read, also at the next start; the document goes on saying so.
    await page.getByRole('button', { name: 'Begrepen' }).click();
    await synchronised(page);
    await page.reload();
    await unlock(page);
    await here.waitFor();
    await synchronised(page);
    assert.equal(await told.count(), 0);

    // Every other document works: what is written in one arrives at the server, and what others write in it here.
    await page.goto('/');
    await unlock(page);
    await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
    await page.getByRole('region', { name: /^Gedeeld met/ }).getByLabel('Gedeelde notitie').fill('In een ander document.');
    const shared = await Writer.of(server, 'coach1');
    await until(page, () => shared.find('In een ander document.', doc).then(() => true, () => false), 'it did not arrive');
    assert.ok(!shared.replica.doc.equals(doc));
    await shared.write(1, () => ' En terug.');
    await showing(page, 'In een ander document. En terug.');
    assert.deepEqual(device.faults, []);
  } finally {
    await server.remove();
    // That it brought the page down is what is tried here.
    device.faults.length = 0;
    await device.close();
  }
});

test('what a person built on a change that is found harmful is offered to her, and written anew', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: TABLET, acceptDownloads: true });
  try {
    await knownSecrets(device.context);
    await failingReads(device.context);
    const page = await signIn(device, 'coach1');
    await installed(page);
    await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
    await mine(page).fill('Begin.');
    await synchronised(page);
    const second = await device.tab();
    await second.goto(page.url());
    await unlock(second);
    await showing(second, 'Begin.');

    // In another run of this device: a change that replaces something that is not there, and words on top of it.
    const { devices } = await (await Writer.of(server, 'coach1')).session.directory();
    const own = knownDevices().find(({ id }) => devices.some((it) => it.id.equals(id)));
    const writer = await (await Writer.of(server, 'coach1', own)).find('Begin.');
    const { replica } = writer;
    const actor = own.actor();
    const startOp = replica.maxOp + 1;
    const ops = [{ action: 'set', obj: '_root', key: 'schadelijk', value: 'x', pred: [`${startOp + 1_000}@${hex(actor)}`] }];
    const harmful = make({ actor, startOp, deps: replica.heads.map((head) => Buffer.from(head, 'hex')), ops });
    replica.apply(harmful);
    const words = replica.append(writer.path, ' Verloren woorden.');
    await showing(page, 'Begin.');
    for (const tab of [page, second]) await tab.evaluate(() => (window.failReads = true));
    await writer.push([own.item(replica.doc, harmful), words]);
    // Neither tab can read its disk just then.
    for (const tab of [page, second]) {
      await failed(tab);
      await tab.evaluate(() => (window.failReads = false));
    }

    // The server tries it, and says so: both tabs follow without being loaded anew.
    const notice = (tab) => tab.locator('.lost');
    for (const tab of [page, second]) {
      await notice(tab).getByText('Verloren woorden.').first().waitFor({ timeout: 60_000 });
      await showing(tab, 'Begin.');
    }
    await notice(page).getByText('iets in je eigen aantekeningen over Sanne Bakker niet verwerken').waitFor();
    assert.equal(await notice(page).locator('blockquote').innerText(), 'Verloren woorden.');
    await notice(page).getByText('Een los antwoord dat je invulde:').waitFor();
    for (const { width, height } of [PHONE, TABLET, DESK]) {
      await page.setViewportSize({ width, height });
      await accessible(page, `an offer to take over, at ${width}`);
      if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/lost-${width}.png` });
      for (const button of await notice(page).getByRole('button').all()) {
        const { y, height: high } = await button.boundingBox();
        assert.ok(y + high <= height, `a button cannot be seen at ${width}`);
      }
    }
    await page.setViewportSize(TABLET);
    const saving = page.waitForEvent('download');
    await notice(page).getByRole('button', { name: 'Kopie opslaan' }).first().click();
    const copy = await saving;
    assert.match(copy.suggestedFilename(), /\.html$/);
    assert.ok(readFileSync(await copy.path(), 'utf8').includes('<blockquote>Verloren woorden.</blockquote>'));

    // The device may not write until the operator has looked.
    const take = (tab) => notice(tab).getByRole('button', { name: 'Opnieuw in het document zetten' }).first();
    const suspended = page.locator('#suspended').getByText('Je kunt op dit apparaat nu niet schrijven.');
    await suspended.waitFor();
    assert.ok(!(await mine(page).isEditable()));
    assert.ok(await take(page).isDisabled());
    // Nothing leads to a field in which nothing can be written.
    await second.goto('/');
    await unlock(second);
    await second.getByRole('link', { name: /^Notitie lezen/ }).first().waitFor();
    assert.equal(await second.getByRole('button', { name: /^Nieuwe notitie/ }).count(), 0);
    for (const { width, height } of [PHONE, TABLET, DESK]) {
      await second.setViewportSize({ width, height });
      await accessible(second, `a device that may not write, at ${width}`);
      if (process.env.PICTURES) await second.screenshot({ path: `${process.env.PICTURES}/suspended-${width}.png` });
    }
    await second.goto(page.url());
    await unlock(second);
    const cli = (...words) => execFileSync(binary(), ['quarantine', ...words, '--data', server.data], { encoding: 'utf8' });
    cli('release', hashOf(harmful).toString('base64url'));
    // What is open learns of it by itself, though another program did it.
    for (const tab of [page, second]) await until(tab, () => take(tab).isEnabled(), 'the device stays suspended');
    // The offer also waits for the next start.
    await page.reload();
    await unlock(page);
    await notice(page).getByText('Verloren woorden.').first().waitFor();
    await until(page, () => take(page).isEnabled(), 'the device stays suspended');
    assert.equal(await suspended.count(), 0);
    await take(page).focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.id === 'main');
    for (const tab of [page, second]) {
      await showing(tab, 'Begin.\n Verloren woorden.');
      await notice(tab).waitFor({ state: 'detached' });
    }
    await synchronised(page, 60_000);
    if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/taken.png` });
    await page.reload();
    await unlock(page);
    await showing(page, 'Begin.\n Verloren woorden.');
    await synchronised(page, 60_000);
    assert.equal(await page.getByText('Actie nodig').count(), 0);
  } finally {
    await server.remove();
    await device.close();
  }
});

test('who had only read what is found harmful goes on writing, and loses no word of it', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: TABLET });
  const other = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(device, 'coach1');
    await installed(page);
    await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
    await mine(page).fill('Begin.');
    await synchronised(page);

    // A third device writes it, with words on top; this page builds on both.
    const writer = await (await Writer.of(server, 'coach1')).find('Begin.');
    const { replica } = writer;
    const own = writer.session.device;
    const actor = own.actor();
    const startOp = replica.maxOp + 1;
    const ops = [{ action: 'set', obj: '_root', key: 'schadelijk', value: 'x', pred: [`${startOp + 1_000}@${hex(actor)}`] }];
    const harmful = make({ actor, startOp, deps: replica.heads.map((head) => Buffer.from(head, 'hex')), ops });
    replica.apply(harmful);
    await writer.push([own.item(replica.doc, harmful), replica.append(writer.path, ' Van een ander.')]);
    await showing(page, 'Begin. Van een ander.');
    await write(page, ' Ervoor.');
    const take = page.getByRole('button', { name: 'Opnieuw in het document zetten' });
    await take.waitFor({ timeout: 60_000 });
    await showing(page, 'Begin.');

    // No reload in between: what is taken over and typed now is as safe as ever.
    await take.click();
    await showing(page, 'Begin.\n Ervoor.');
    await write(page, ' Erna.');
    await synchronised(page, 60_000);
    await page.reload();
    await unlock(page);
    await showing(page, 'Begin.\n Ervoor. Erna.');
    const reader = await signIn(other, 'coach1');
    await reader.goto(page.url());
    await unlock(reader);
    await showing(reader, 'Begin.\n Ervoor. Erna.');
  } finally {
    await server.remove();
    await device.close();
    await other.close();
  }
});
