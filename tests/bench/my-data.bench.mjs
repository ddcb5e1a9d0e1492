// One file of everything where there is much of it: 2,000 documents with 25 KB of text each, some 50 MB. How long it takes,
// how long the page does not answer at most meanwhile, and how much memory the program has taken.
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as automerge from '../contract/client/automerge.mjs';
import { fromText, hex } from '../contract/client/bytes.mjs';
import { uncompressed } from '../contract/client/change.mjs';
import { chainNext, chainStart } from '../contract/client/replica.mjs';
import { Server } from '../contract/client/server.mjs';
import { Session } from '../contract/client/session.mjs';
import { DESK, Device, closeBrowser } from '../e2e/harness/browser.mjs';
import { heading, signIn, synchronised } from '../e2e/harness/person.mjs';
import { unzip } from '../e2e/harness/zip.mjs';

const DOCUMENTS = Number(process.env.DOCUMENTS ?? 2_000);
const LETTERS = Number(process.env.LETTERS ?? 25_000);
const LONGEST_MS = 500;
const WHO = 'medewerker1';

const sql = createRequire(new URL('../e2e/harness/around.mjs', import.meta.url))('sql.js');

/** Gives a person so many more documents of her trajectory, with nothing but their genesis. */
async function addDocuments(server, user, trajectory) {
  const { Database } = await sql();
  const file = join(server.data, 'loopbaanmaat.sqlite');
  const database = new Database(readFileSync(file));
  const [{ columns, values }] = database.exec(
    "SELECT items.* FROM items JOIN documents ON documents.id = items.doc WHERE items.seq = 1 AND documents.kind = 'shared_notes' LIMIT 1",
  );
  const genesis = Object.fromEntries(columns.map((name, at) => [name, values[0][at]]));
  const ids = Array.from({ length: DOCUMENTS }, () => randomBytes(16));
  database.run('BEGIN');
  for (const id of ids) {
    const chain = chainNext(chainStart(id), Buffer.from(genesis.hash));
    database.run(
      "INSERT INTO documents (id, kind, owner, trajectory, head, tried, chain, max_op) VALUES (?, 'shared_notes', ?, ?, 1, 1, ?, ?)",
      [id, user, trajectory, chain, genesis.max_op],
    );
    const row = { ...genesis, doc: id, chain };
    database.run(`INSERT INTO items (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`, columns.map((name) => row[name]));
    database.run('INSERT INTO grants (doc, user, access, ever_read, ever_write) VALUES (?, ?, 2, 1, 1)', [id, user]);
  }
  database.run('COMMIT');
  writeFileSync(file, database.export());
  database.close();
  return { ids, genesis: new Uint8Array(genesis.data) };
}

/** Writes a note into a document, as another device of hers. */
async function write(session, doc, genesis, number) {
  const actor = hex(session.device.actor());
  const [empty] = automerge.applyChanges(automerge.init({ actor }), [genesis]);
  const text = `Gesprek ${number} 🌱. ${randomBytes(LETTERS / 2).toString('hex')}`.slice(0, LETTERS);
  const time = Math.floor(Date.now() / 1_000);
  const written = automerge.change(empty, { time }, (it) => {
    it.notes[`note${number}`] = { created_at: time * 1_000, edited_at: time * 1_000, text };
  });
  const item = session.device.item(doc, uncompressed(automerge.getLastLocalChange(written)));
  const [answer] = await session.exchange({ t: 'push', id: 1, doc, items: [item] });
  if (answer.t !== 'ack') throw new Error(JSON.stringify(answer));
}

const server = await Server.start();
const device = await Device.make(server, { size: DESK, acceptDownloads: true });
try {
  const before = await Session.signIn(server, WHO);
  const { me, trajectories } = await before.directory();
  await server.stop();
  const { ids, genesis } = await addDocuments(server, fromText(me), fromText(trajectories[0].id));
  await server.start();
  const session = await Session.signIn(server, WHO);
  for (const [number, id] of ids.entries()) await write(session, id, genesis, number);

  // A first download of so much takes longer than signing in waits for.
  const page = await signIn(device, WHO).catch(() => device.page);
  await synchronised(page, 600_000);
  await page.getByRole('contentinfo').getByRole('link', { name: 'Mijn gegevens' }).click();
  await heading(page, 'Mijn gegevens').waitFor();
  await page.evaluate(() => {
    window.longest = 0;
    let last = performance.now();
    const frame = (now) => {
      window.longest = Math.max(window.longest, now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const began = Date.now();
  const [download] = await Promise.all([
    page.waitForEvent('download', { timeout: 600_000 }),
    page.getByRole('button', { name: 'Alles in één bestand opslaan' }).click(),
  ]);
  const seconds = (Date.now() - began) / 1_000;
  const longest = await page.evaluate(() => window.longest);
  const path = await download.path();
  const files = unzip(readFileSync(path));
  const raw = [...files].filter(([name]) => name.endsWith('.automerge'));
  let letters = 0;
  // Moments are whole numbers beyond JSON's.
  const length = (doc) => Object.values(doc.notes ?? {}).reduce((sum, { text }) => sum + `${text ?? ''}`.length, 0);
  for (const [, { data }] of raw.slice(-20)) letters += length(automerge.load(new Uint8Array(data)));
  const unread = await page.getByText('Dit kon niet worden gelezen').count();

  console.log(`One file of ${raw.length} documents`);
  console.log(`  ${seconds.toFixed(1)} s, ${(statSync(path).size / 1e6).toFixed(1)} MB`);
  console.log(`  the page did not answer for ${longest.toFixed(0)} ms at most`);
  console.log(`  the last 20 documents opened with the standard library: ${letters.toLocaleString('en')} characters`);
  if (raw.length < DOCUMENTS || unread > 0 || longest > LONGEST_MS) process.exitCode = 1;
} finally {
  await device.close().catch((error) => console.error(error.message));
  await server.remove();
  await closeBrowser();
}
