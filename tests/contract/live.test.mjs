// What happens on an open connection: presence, closing, a device that is revoked, access that changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toText } from './client/bytes.mjs';
import { decode, encode } from './client/cbor.mjs';
import { active, nowhere, organisation } from './client/fixture.mjs';
import { Session, call, signInBody } from './client/session.mjs';

const scene = organisation(['adviseur', 'coach1', 'trainer', 'beheer']);

async function opened(session, doc) {
  const connection = await session.online();
  const replica = session.replica(doc);
  await connection.open(replica);
  return { connection, replica, write: (text) => replica.edit((it) => Object.assign(it, { tekst: text })) };
}

test('a ping is answered with its number and the time', async () => {
  const connection = await scene.adviseur.online();
  const pong = await connection.quiet();
  assert.ok(Math.abs(pong.now - Date.now()) < 60_000);
  await connection.close();
});

test('presence reaches the other open connections of the document, with who and from which device', async () => {
  const doc = await scene.adviseur.document('practice');
  const from = await opened(scene.coach1, doc);
  const to = await opened(scene.adviseur, doc);
  const elsewhere = await scene.trainer.online();
  const data = Buffer.from('regel 3');
  from.connection.send({ t: 'presence', doc, data });
  const { user, device } = { user: scene.coach1.user, device: scene.coach1.device.id };
  assert.deepEqual(await to.connection.expect('presence'), { t: 'presence', doc, user, device, data });
  await from.connection.quiet();
  await elsewhere.quiet();
  const late = await opened(scene.trainer, doc);
  await late.connection.quiet();
  for (const connection of [from.connection, to.connection, late.connection, elsewhere]) await connection.close();
});

test('presence of someone who may not read is relayed to nobody', async () => {
  const doc = await scene.adviseur.document('practice');
  const to = await opened(scene.adviseur, doc);
  const stranger = await scene.beheer.online();
  stranger.send({ t: 'presence', doc, data: Buffer.from('boe') });
  stranger.send({ t: 'ping', n: 3 });
  while ((await stranger.next()).t !== 'pong');
  await to.connection.quiet();
  await to.connection.close();
  await stranger.close();
});

test('after close nothing more of the document comes', async () => {
  const doc = await scene.adviseur.document('programme');
  const mine = await opened(scene.trainer, doc);
  const theirs = await opened(scene.coach1, doc);
  mine.connection.send({ t: 'close', doc });
  mine.connection.send({ t: 'close', doc: nowhere() });
  await mine.connection.quiet();
  await theirs.connection.store(doc, [theirs.write('na sluiten')]);
  await mine.connection.quiet();
  await mine.connection.open(mine.replica);
  assert.equal(mine.replica.content.tekst, 'na sluiten');
  await mine.connection.close();
  await theirs.connection.close();
});

test('two connections that push at once each see every item once, in the log’s order', async () => {
  const doc = await scene.adviseur.document('programme');
  const sides = [await opened(scene.trainer, doc), await opened(scene.coach1, doc)];
  const until = sides[0].replica.cursor + 40;
  for (let i = 0; i < 20; i += 1) {
    for (const { connection, write } of sides) connection.push(doc, [write(`samen ${i}`)]);
  }
  for (const { connection, replica } of sides) {
    let acked = 0;
    while (acked < 20 || replica.cursor < until) {
      const message = await connection.next();
      if (message?.t === 'ack') acked += 1;
      else replica.take(message);
    }
  }
  assert.deepEqual(sides[0].replica.heads, sides[1].replica.heads);
  assert.deepEqual(sides[0].replica.chain, sides[1].replica.chain);
  for (const { connection } of sides) await connection.close();
});

test('a revoked device is told to wipe, on every open connection, and closed', async () => {
  const lost = await Session.signIn(scene.server, 'coach2');
  const spare = await Session.signIn(scene.server, 'coach2');
  const sockets = [await lost.online(), await lost.connect()];
  await spare.done({ type: 'revoke_device', device: toText(lost.device.id) });
  for (const socket of sockets) {
    assert.deepEqual(await socket.expect('wipe'), { t: 'wipe' });
    await socket.expectClose(4401);
  }
  const other = await spare.online();
  await other.quiet();
  await other.close();
});

test('the cookie of a revoked device gets the order to wipe and nothing else', async () => {
  const lost = await Session.signIn(scene.server, 'coach2');
  const spare = await Session.signIn(scene.server, 'coach2');
  const doc = await lost.document('programme');
  await spare.done({ type: 'revoke_device', device: toText(lost.device.id) });
  const connection = await lost.connect();
  connection.send({ t: 'hello', v: 1, client: 'contract' });
  connection.send({ t: 'open', docs: [{ doc, cursor: 0, chain: null }] });
  assert.deepEqual(await connection.expect('wipe'), { t: 'wipe' });
  assert.equal(await connection.next(), undefined);
  await connection.expectClose(4401);
  const http = await lost.sync(encode([{ t: 'hello', v: 1, client: 'x' }, { t: 'open', docs: [{ doc, cursor: 0, chain: null }] }]));
  assert.equal(http.status, 200, http.text);
  assert.deepEqual(decode(http.raw), [{ t: 'wipe' }]);
  assert.equal((await lost.call('GET', '/api/session')).status, 401);
  assert.equal((await lost.call('GET', '/api/directory')).status, 401);
  assert.equal((await lost.command({ type: 'register' })).status, 401);
  const { devices } = await spare.directory();
  assert.equal(devices.find(({ id }) => id.equals(lost.device.id)).revoked, true);
});

test('the key of a revoked device opens no new session', async () => {
  const lost = await Session.signIn(scene.server, 'coach2');
  const spare = await Session.signIn(scene.server, 'coach2');
  await spare.done({ type: 'revoke_device', device: toText(lost.device.id) });
  const body = await signInBody(scene.server, 'coach2', lost.device);
  const { status } = await call(scene.server, 'POST', '/api/session', { body });
  assert.ok([401, 403, 409].includes(status), `answered ${status}`);
});

test('what a trajectory’s closing takes away is told to open connections at once', async () => {
  const { employee, coach, adviser, trajectory } = await active(scene.server);
  const doc = await coach.document('shared_notes', trajectory);
  const progress = await adviser.document('progress', trajectory);
  const sides = [await opened(coach, doc), await opened(employee, doc)];
  const watching = await opened(adviser, progress);
  await sides[0].connection.store(doc, [sides[0].write('afspraak')]);
  await sides[1].connection.readTo(sides[1].replica, 2);
  const typedOffline = sides[1].write('nog net getypt');

  await coach.done({ type: 'close', trajectory, finish: false });
  await coach.done({ type: 'close', trajectory, finish: true });

  for (const { connection } of sides) {
    let message = await connection.next();
    while (message.t === 'changes') message = await connection.next();
    assert.deepEqual([message.t, message.kind, message.access, message.head], ['opened', 'shared_notes', 'read', 2]);
    await connection.quiet();
  }
  await watching.connection.quiet();
  // Who once wrote here is a past writer: what was typed before the news came is not lost.
  await sides[1].connection.store(doc, [typedOffline]);
  for (const { connection } of [...sides, watching]) await connection.close();
});

test('a coach who accepts is told of the new documents, and the documents are open to all who share them', async () => {
  const adviser = await scene.adviseur.online();
  const { employee, coach, trajectory } = await active(scene.server);
  await adviser.quiet();
  assert.ok(adviser.directories.length > 0, 'the adviser was not told that something changed');
  const doc = await coach.document('shared_notes', trajectory);
  assert.deepEqual(await employee.document('shared_notes', trajectory), doc);
  const sides = [await opened(coach, doc), await opened(employee, doc)];
  await sides[0].connection.store(doc, [sides[0].write('welkom')]);
  await sides[1].connection.readTo(sides[1].replica, 2);
  assert.equal(sides[1].replica.content.tekst, 'welkom');
  for (const { connection } of sides) await connection.close();
  await adviser.close();
});

test('a trajectory’s documents stay closed to the other coaches', async () => {
  const { trajectory, employee } = await active(scene.server);
  const doc = await employee.document('shared_notes', trajectory);
  const other = await Session.signIn(scene.server, 'coach3');
  assert.deepEqual(await other.exchange({ t: 'open', docs: [{ doc, cursor: 0, chain: null }] }), [{ t: 'denied', doc }]);
});

test('a graceful stop closes the sockets with 1001', async () => {
  const connection = await scene.adviseur.online();
  const ended = scene.server.stop('SIGTERM');
  await connection.expectClose(1001);
  assert.equal((await ended).code, 0);
});
