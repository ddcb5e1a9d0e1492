// The way into the WebSocket: subprotocol, Origin, session, hello.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from './client/cbor.mjs';
import { Connection, Refused, SUBPROTOCOL } from './client/connection.mjs';
import { organisation } from './client/fixture.mjs';
import { Session } from './client/session.mjs';

const scene = organisation(['adviseur']);

const refused = (options, status) =>
  assert.rejects(scene.adviseur.connect(options), (error) => error instanceof Refused && error.status === status);

test('without the subprotocol there is no upgrade', async () => {
  await refused({ protocols: [] }, 400);
  await refused({ protocols: ['loopbaanmaat.sync.v9'] }, 400);
});

test('the subprotocol is taken from among others, without extensions', async () => {
  const connection = await scene.adviseur.connect({ protocols: ['iets.anders', SUBPROTOCOL] });
  assert.equal(connection.socket.protocol, SUBPROTOCOL);
  assert.equal(connection.socket.extensions, '');
  await connection.hello();
  await connection.close();
});

test('an extension that is offered is not taken', async () => {
  const connection = await scene.adviseur.connect({ headers: { 'sec-websocket-extensions': 'permessage-deflate' } });
  assert.equal(connection.socket.extensions, '');
  await connection.close();
});

test('another site, no site, or the same host by another scheme or port is refused', async () => {
  const { base } = scene.server;
  const port = Number(new URL(base).port);
  const origins = ['https://elders.example', 'null', base.replace('http:', 'https:'), base.replace(`${port}`, `${port - 1}`)];
  for (const origin of origins) await refused({ origin }, 403);
  await refused({ origin: null }, 403);
});

test('without a session the socket opens and closes with 4401 and no frame', async () => {
  for (const cookie of [undefined, 'loopbaanmaat=nietgeldig', `loopbaanmaat=${'A'.repeat(43)}`]) {
    const connection = await Connection.open(scene.server, cookie);
    await connection.expectClose(4401);
    assert.equal(connection.frames, 0);
  }
});

test('a session that has been signed out opens nothing', async () => {
  const session = await Session.signIn(scene.server, 'adviseur');
  await session.call('DELETE', '/api/session');
  const connection = await session.connect();
  await connection.expectClose(4401);
  assert.equal(connection.frames, 0);
});

test('signing out closes the open sockets of that session, and wipes nothing', async () => {
  const session = await Session.signIn(scene.server, 'adviseur');
  const connection = await session.online();
  await session.call('DELETE', '/api/session');
  await connection.expectClose(4401);
  assert.equal(await connection.next(), undefined);
});

test('welcome says who, which device, what time, and every limit', async () => {
  const connection = await scene.adviseur.connect();
  const welcome = await connection.hello();
  assert.equal(welcome.v, 1);
  assert.deepEqual(welcome.user, scene.adviseur.user);
  assert.deepEqual(welcome.device, scene.adviseur.device.id);
  assert.ok(Math.abs(welcome.now - Date.now()) < 60_000);
  const { frame, change, open, push, presence, docs, unacked } = welcome.limits;
  assert.deepEqual({ frame, change, open, push, presence }, { frame: 1_048_576, change: 262_144, open: 1_000, push: 256, presence: 1_024 });
  assert.ok(docs >= open && unacked >= frame);
  await connection.close();
});

test('anything before hello, and a second hello, is a breach of order', async () => {
  for (const message of [{ t: 'ping', n: 1 }, { t: 'open', docs: [] }, { t: 'close', doc: Buffer.alloc(16) }]) {
    const connection = await scene.adviseur.connect();
    connection.send(message);
    await connection.expectError('bad_order');
    await connection.expectClose(1002);
  }
  const connection = await scene.adviseur.online();
  connection.send({ t: 'hello', v: 1, client: 'contract' });
  await connection.expectError('bad_order');
  await connection.expectClose(1002);
});

test('a version that is not spoken ends the talk', async () => {
  for (const v of [0, 2, 2 ** 53 - 1]) {
    const connection = await scene.adviseur.connect();
    connection.send({ t: 'hello', v, client: 'contract' });
    await connection.expectError('bad_version');
    await connection.expectClose(1002);
  }
});

test('messages may follow hello at once', async () => {
  const connection = await scene.adviseur.connect();
  connection.send({ t: 'hello', v: 1, client: '' });
  connection.send({ t: 'ping', n: 0 });
  await connection.expect('welcome');
  assert.equal((await connection.expect('pong')).n, 0);
  await connection.close();
});

test('what is sent in fragments is one message', async () => {
  const connection = await scene.adviseur.online();
  const raw = encode({ t: 'ping', n: 5 });
  connection.socket.send(raw.subarray(0, 3), { binary: true, fin: false });
  connection.socket.send(raw.subarray(3), { binary: true, fin: true });
  assert.equal((await connection.expect('pong')).n, 5);
  await connection.close();
});

test('a plain request to the address of the socket is an error, not a hang', async () => {
  const { status } = await scene.adviseur.call('GET', '/sync');
  assert.ok(status >= 400 && status < 500, `answered ${status}`);
});

test('a client that says nothing for a minute is let go', { skip: !process.env.LOOPBAANMAAT_SLOW && 'takes a minute' }, async () => {
  const connection = await scene.adviseur.online();
  const code = await connection.closed;
  assert.equal(code, 1001);
});
