// Pushing: acknowledged with its place, announced once on every connection, known things unread.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { make } from './client/change.mjs';
import { Device } from './client/device.mjs';
import { organisation } from './client/fixture.mjs';
import { Session } from './client/session.mjs';

let programme;
const scene = organisation(['adviseur', 'coach1', 'coach2', 'trainer'], async (scene) => {
  programme = await scene.adviseur.document('programme');
});

async function opened(session) {
  const connection = await session.online();
  const replica = session.replica(programme);
  await connection.open(replica);
  return { connection, replica, write: (text) => replica.edit((doc) => Object.assign(doc, { tekst: text })) };
}

test('an ack names each item once with its place, in the log’s order', async () => {
  const { connection, replica, write } = await opened(scene.adviseur);
  const head = replica.cursor;
  const items = [write('een'), write('twee'), write('drie')];
  const { ack, reject } = await connection.pushed(programme, items);
  assert.equal(reject, undefined);
  assert.deepEqual(ack.doc, programme);
  assert.deepEqual(ack.items, items.map(({ hash }, at) => ({ hash, seq: head + 1 + at })));
  await connection.close();
});

test('the pushing connection hears of its items without data, every other one with data', async () => {
  const mine = await opened(scene.adviseur);
  const ofSameDevice = await opened(scene.adviseur);
  const theirs = await opened(scene.coach1);
  const items = [mine.write('voor allen'), mine.write('nog eens')];
  const head = mine.replica.cursor;
  mine.connection.push(programme, items);
  const seen = { ack: 0, announced: [] };
  while (seen.ack < 1 || seen.announced.length < 2) {
    const message = await mine.connection.next();
    if (message.t === 'ack') seen.ack += 1;
    else seen.announced.push(...mine.replica.take(message));
  }
  for (const item of seen.announced) assert.ok(!('data' in item), 'data came back to who sent it');
  for (const { connection, replica } of [ofSameDevice, theirs]) {
    await connection.readTo(replica, head + 2);
    const last = replica.items.slice(-2);
    assert.deepEqual(last.map(({ data }) => data), items.map(({ data }) => data));
    assert.deepEqual(last.map(({ sig }) => sig), items.map(({ sig }) => sig));
  }
  for (const { connection } of [mine, ofSameDevice, theirs]) {
    await connection.quiet();
    await connection.close();
  }
});

test('a push needs no open document, and may build on one that is not acknowledged yet', async () => {
  const { connection, replica, write } = await opened(scene.coach2);
  await connection.close();
  const next = await scene.coach2.connect();
  next.send({ t: 'hello', v: 1, client: 'contract' });
  for (let i = 1; i <= 20; i += 1) next.push(programme, [write(`op elkaar ${i}`)]);
  await next.expect('welcome');
  for (let i = 1; i <= 20; i += 1) {
    const ack = await next.expect('ack');
    assert.deepEqual([ack.id, ack.items[0].seq], [i, replica.cursor + i]);
  }
  await next.quiet();
  await next.close();
});

test('what the log knows is acknowledged unread, with the place it has; what was stored first stays', async () => {
  const { connection, write } = await opened(scene.adviseur);
  const item = write('eenmaal');
  const [seq] = await connection.store(programme, [item]);
  const junk = { hash: item.hash, by: randomBytes(16), sig: randomBytes(64), data: Buffer.from('geen change') };
  assert.deepEqual(await connection.store(programme, [item]), [seq]);
  assert.deepEqual(await connection.store(programme, [junk]), [seq]);
  const { replica } = await opened(scene.trainer);
  const kept = replica.items[seq - 1];
  assert.deepEqual([kept.by, kept.sig, kept.data], [item.by, item.sig, item.data]);
  await connection.close();
});

test('the genesis is known like any other item', async () => {
  const { connection, replica } = await opened(scene.adviseur);
  const { hash, data } = replica.items[0];
  assert.deepEqual(await connection.store(programme, [{ hash, by: Buffer.alloc(16), sig: Buffer.alloc(64), data }]), [1]);
  await connection.close();
});

test('a hash twice in one push is answered once', async () => {
  const { connection, replica, write } = await opened(scene.adviseur);
  const item = write('dubbel');
  const { ack, reject } = await connection.pushed(programme, [item, item]);
  assert.deepEqual(ack.items, [{ hash: item.hash, seq: replica.cursor + 1 }]);
  assert.equal(reject, undefined);
  const bad = { ...write('dubbel en fout'), sig: Buffer.alloc(64) };
  const second = await connection.pushed(programme, [bad, bad]);
  assert.deepEqual(second.reject.items, [{ hash: bad.hash, code: 'bad_signature' }]);
  await connection.close();
});

test('a push is stored as far as it can be, and both answers together name each hash once', async () => {
  const { connection, replica } = await opened(scene.adviseur);
  const { device } = scene.adviseur;
  const startOp = replica.maxOp + 1;
  const single = (key) => device.item(programme, make({ actor: device.actor(), startOp, key }));
  const [first, spoilt, last] = [single('a'), { ...single('b'), sig: Buffer.alloc(64) }, single('c')];
  const { ack, reject } = await connection.pushed(programme, [first, spoilt, last]);
  assert.deepEqual(ack.items.map(({ hash }) => hash), [first.hash, last.hash]);
  assert.deepEqual(reject.items, [{ hash: spoilt.hash, code: 'bad_signature' }]);
  assert.equal(ack.items[1].seq, ack.items[0].seq + 1, 'a refused item took a place');
  await connection.store(programme, [single('d')]);
  await connection.close();
});

test('a refused item can be pushed again, right this time', async () => {
  const { connection, write } = await opened(scene.adviseur);
  const item = write('beter');
  await connection.refused(programme, { ...item, sig: Buffer.alloc(64) }, 'bad_signature');
  await connection.store(programme, [item]);
  await connection.close();
});

test('a push of nothing is answered by at most an empty ack', async () => {
  const { connection } = await opened(scene.adviseur);
  const { ack, reject, error } = await connection.pushed(programme, []);
  assert.deepEqual([ack?.items ?? [], reject, error], [[], undefined, undefined]);
  await connection.close();
});

test('anyone who may read delivers what another device has signed', async () => {
  const author = await Session.signIn(scene.server, 'coach1');
  const { connection: offline, replica } = await opened(author);
  await offline.close();
  const item = replica.edit((doc) => Object.assign(doc, { van: 'een ander' }));
  const { connection } = await opened(scene.trainer);
  await connection.store(programme, [item]);
  const check = (await opened(scene.adviseur)).replica;
  check.audit(await scene.adviseur.directory());
  assert.deepEqual(check.items.at(-1).by, author.device.id);
  await connection.close();
});

test('a device that signs in again with its key goes on with its log under a new actor', async () => {
  const device = new Device();
  const before = await opened(await Session.signIn(scene.server, 'coach1', device));
  await before.connection.store(programme, [before.write('voor')]);
  await before.connection.close();
  const after = await opened(await Session.signIn(scene.server, 'coach1', device.copy()));
  await after.connection.store(programme, [after.write('na')]);
  assert.equal(after.replica.content.tekst, 'na');
  await after.connection.close();
});

test('a device new to a connection is announced by `directory` before its first item', async () => {
  const { connection, replica } = await opened(scene.adviseur);
  await connection.quiet();
  const newcomer = await opened(await Session.signIn(scene.server, 'coach2'));
  const known = connection.directories.length;
  const [seq] = await newcomer.connection.store(programme, [newcomer.write('nieuw hier')]);
  const changes = await connection.expect('changes');
  assert.equal(changes.items[0].seq, seq);
  assert.ok(connection.directories.length > known, 'no directory message came before the item');
  replica.take(changes);
  replica.audit(await scene.adviseur.directory());
  for (const version of connection.directories) assert.equal(typeof version, 'string');
  assert.equal(connection.directories.at(-1), (await scene.adviseur.directory()).version);
  await connection.close();
});
