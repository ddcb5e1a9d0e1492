// No acknowledged change is ever lost: the server is killed in the middle of everything.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { hex } from './client/bytes.mjs';
import { Server } from './client/server.mjs';
import { Session } from './client/session.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(() => server.remove());

/** Pushes one change after another until the connection dies; gives what was acknowledged, and where. */
async function pushUntilDeath(connection, replica, acked, onAck) {
  const waiting = new Map();
  let message;
  do {
    while (waiting.size < 8 && connection.closeCode === undefined) {
      const item = replica.edit((doc) => Object.assign(doc, { teken: randomBytes(6).toString('hex') }));
      waiting.set(connection.push(replica.doc, [item]), item);
    }
    message = await connection.next();
    if (message?.t === 'ack') {
      waiting.delete(message.id);
      for (const { hash, seq } of message.items) acked.set(hex(hash), seq);
      onAck();
    } else assert.equal(message?.t ?? 'end', 'end');
  } while (message);
}

test('what was acknowledged is in its place after kill -9, five times over', async () => {
  const first = await Session.signIn(server, 'adviseur');
  const doc = await first.document('programme');
  const replica = first.replica(doc);
  await first.read(replica);
  const acked = new Map();
  for (const enough of [1, 7, 20, 33, 60]) {
    const session = await Session.signIn(server, 'adviseur', first.device);
    const seen = session.replica(doc);
    await session.read(seen);
    for (const [hash, seq] of acked) assert.equal(hex(seen.items[seq - 1]?.hash ?? []), hash, `item ${seq} is lost`);
    seen.audit(await session.directory());
    const connection = await session.online();
    const upTo = acked.size + enough;
    let dead;
    await pushUntilDeath(connection, seen, acked, () => {
      if (acked.size >= upTo) dead ??= server.stop('SIGKILL');
    });
    await dead;
    await server.start();
  }
  const last = await Session.signIn(server, 'trainer');
  const whole = last.replica(doc);
  await last.read(whole);
  for (const [hash, seq] of acked) assert.equal(hex(whole.items[seq - 1].hash), hash);
  assert.ok(acked.size >= 121);
});

test('a session and a command that was answered outlive the server', async () => {
  const session = await Session.signIn(server, 'coach3');
  const { version } = await session.directory();
  await server.crash();
  session.server = server;
  assert.equal((await session.call('GET', '/api/session')).status, 200);
  assert.equal((await session.directory()).version, version);
  const connection = await session.online();
  await connection.close();
});

test('a cursor from before the crash is still good after it', async () => {
  const session = await Session.signIn(server, 'coach1');
  const doc = await session.document('programme');
  const replica = session.replica(doc);
  const connection = await session.online();
  await connection.open(replica);
  const item = replica.edit((it) => Object.assign(it, { voor: 'de klap' }));
  const [seq] = await connection.store(doc, [item]);
  await server.crash();
  const next = await session.online();
  await next.open(replica);
  assert.ok(replica.cursor >= seq && replica.has(item.hash));
  assert.equal(replica.content.voor, 'de klap');
  await next.close();
});
