// A long document becomes a snapshot on the device's disk: it reads the same, starts from it, and every change in it
// can still be given back.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { hex, toText } from '../contract/client/bytes.mjs';
import { DESK, Device, TABLET, closeBrowser } from './harness/browser.mjs';
import { keys, slow } from './harness/disk.mjs';
import { installed, signIn, synchronised, unlock } from './harness/person.mjs';
import { Writer } from './harness/writing.mjs';

after(closeBrowser);

/** More changes than a disk keeps one by one. */
const MANY = 600;

const mine = (page) => page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen');

const showing = (page, text) =>
  page.waitForFunction((wanted) => [...document.querySelectorAll('textarea')].some((it) => it.value === wanted), text, { timeout: 60_000 });

async function beginNote(page) {
  await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
  await mine(page).fill('Begin. ');
  await synchronised(page);
}

async function write(page, words) {
  await mine(page).focus();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText(words);
}

/** Waits until the disk has a snapshot of a document. */
async function compacted(page, doc) {
  const until = Date.now() + 60_000;
  while (!(await keys(page, 'snapshots')).includes(`list/${doc}`)) {
    assert.ok(Date.now() < until, 'no snapshot');
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

const itemsOf = async (page, doc) => (await keys(page, 'items')).filter((key) => key.startsWith(`${doc}/`));

test('a long document becomes a snapshot, reads the same in two tabs without a server, and gives every change back', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  const backup = mkdtempSync(join(tmpdir(), 'loopbaanmaat-backup-'));
  try {
    const page = await signIn(device, 'coach1');
    await installed(page);
    await beginNote(page);
    const writer = await (await Writer.of(server, 'coach1')).find('Begin. ');
    const doc = toText(writer.replica.doc);
    await server.stop();
    cpSync(server.data, backup, { recursive: true });
    await server.start();
    await synchronised(page, 60_000);

    const written = await writer.write(MANY);
    await showing(page, writer.text);
    await write(page, 'En dit van hier.');
    await synchronised(page);
    const whole = await mine(page).inputValue();
    await compacted(page, doc);
    const left = await itemsOf(page, doc);
    assert.ok(left.length < 10, `${left.length} items are kept one by one`);

    // Without the server, in two tabs at the same moment.
    await server.stop('SIGKILL');
    const second = await device.tab();
    await Promise.all([page.reload(), second.goto(page.url())]);
    for (const tab of [page, second]) {
      await unlock(tab);
      await showing(tab, whole);
    }
    await write(second, ' Zonder server.');
    await showing(page, `${whole} Zonder server.`);

    // The server goes back to before all of it.
    rmSync(server.data, { recursive: true });
    cpSync(backup, server.data, { recursive: true });
    await server.start();
    await synchronised(page, 120_000);
    const { replica, authors } = await writer.log();
    for (const hash of written) assert.equal(authors.get(hash), hex(writer.session.device.id), `the author of ${hash}`);
    assert.equal(writer.path.reduce((value, key) => value[key], replica.content), `${whole} Zonder server.`);
    assert.equal(await page.getByText('Actie nodig').count(), 0);
  } finally {
    await server.remove();
    await device.close();
    rmSync(backup, { recursive: true, force: true });
  }
});

test('a browser that is killed while a snapshot goes to the disk, or right after, loses nothing', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: TABLET, restartable: true });
  try {
    await slow(device.page);
    let page = await signIn(device, 'coach1');
    await installed(page);
    await beginNote(page);
    const place = new URL(page.url()).pathname;
    const writer = await (await Writer.of(server, 'coach1')).find('Begin. ');
    const doc = toText(writer.replica.doc);
    await page.evaluate(() => (window.hold = (stores) => stores.includes('snapshots')));
    await writer.write(MANY);
    await showing(page, writer.text);
    await page.waitForFunction(() => window.held.length > 0, undefined, { timeout: 60_000 });
    await server.stop('SIGKILL');

    page = await device.kill();
    await page.goto(place);
    await unlock(page);
    await showing(page, writer.text);
    assert.deepEqual((await keys(page, 'snapshots')).filter((key) => key.endsWith(doc)), [], 'half a snapshot');
    assert.ok((await itemsOf(page, doc)).length > MANY);
    await compacted(page, doc);

    page = await device.kill();
    await page.goto(place);
    await unlock(page);
    await showing(page, writer.text);
    assert.ok((await itemsOf(page, doc)).length < 10);
    await server.start();
    await synchronised(page, 60_000);
    await showing(page, writer.text);
  } finally {
    await server.remove();
    await device.close();
  }
});

test('a new device takes the snapshot that the server has made, and goes on from it', async () => {
  const server = await Server.start({ args: ['--snapshot-after', '200'] });
  const first = await Device.make(server, { size: DESK });
  const later = await Device.make(server, { size: TABLET });
  try {
    const page = await signIn(first, 'coach1');
    await beginNote(page);
    const writer = await (await Writer.of(server, 'coach1')).find('Begin. ');
    const doc = toText(writer.replica.doc);
    // Too few for the device to make one itself.
    await writer.write(400);
    await showing(page, writer.text);
    await synchronised(page, 60_000);
    const has = async () => (await writer.session.exchange({ t: 'open', docs: [{ doc: writer.replica.doc, cursor: 0, chain: null }] })).some(({ t }) => t === 'snapshot');
    const until = Date.now() + 60_000;
    while (!(await has())) {
      assert.ok(Date.now() < until, 'the server made no snapshot');
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
    }

    const other = await signIn(later, 'coach1');
    await other.goto(new URL(page.url()).pathname);
    await unlock(other);
    await showing(other, writer.text);
    assert.ok((await keys(other, 'snapshots')).includes(`data/${doc}`));
    assert.ok((await itemsOf(other, doc)).length < 300);
    assert.deepEqual((await keys(other, 'blobs')).filter((key) => key.startsWith('opening/')), []);
    await write(other, 'Van het nieuwe apparaat.');
    await synchronised(other);
    await showing(page, `${writer.text}Van het nieuwe apparaat.`);
    await other.reload();
    await unlock(other);
    await showing(other, `${writer.text}Van het nieuwe apparaat.`);
    await synchronised(other, 60_000);
    assert.equal(await other.getByText('Actie nodig').count(), 0);
  } finally {
    await server.remove();
    for (const device of [first, later]) await device.close();
  }
});
