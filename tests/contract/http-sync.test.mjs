// The same messages over POST /api/sync, for networks that block WebSockets and pages that close.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { bytes } from './client/bytes.mjs';
import { decode, encode } from './client/cbor.mjs';
import { make } from './client/change.mjs';
import { nowhere, organisation } from './client/fixture.mjs';
import { exchange } from './client/server.mjs';

const HELLO = { t: 'hello', v: 1, client: 'contract' };

let programme;
const scene = organisation(['adviseur', 'coach1', 'beheer'], async (scene) => {
  programme = await scene.adviseur.document('programme');
});

const place = (doc) => ({ doc, cursor: 0, chain: null });

test('open, push and ping are answered as on a socket, in the order sent', async () => {
  const replica = scene.adviseur.replica(programme);
  await scene.adviseur.read(replica);
  const item = replica.edit((doc) => Object.assign(doc, { over: 'http' }));
  const answers = await scene.adviseur.exchange(
    { t: 'push', id: 3, doc: programme, items: [item] },
    { t: 'ping', n: 9 },
    { t: 'open', docs: [place(nowhere())] },
  );
  const told = answers.filter(({ t }) => t !== 'directory' && t !== 'changes');
  assert.deepEqual(told.map(({ t }) => t), ['ack', 'pong', 'denied']);
  assert.deepEqual(told[0].items, [{ hash: item.hash, seq: replica.cursor + 1 }]);
  const theirs = scene.coach1.replica(programme);
  const opened = await scene.coach1.read(theirs);
  assert.equal(opened.access, 'write');
  assert.equal(theirs.content.over, 'http');
  theirs.audit(await scene.coach1.directory());
});

test('what is pushed over HTTP reaches open sockets', async () => {
  const connection = await scene.coach1.online();
  const seen = scene.coach1.replica(programme);
  await connection.open(seen);
  const replica = scene.adviseur.replica(programme);
  await scene.adviseur.read(replica);
  await scene.adviseur.exchange({ t: 'push', id: 1, doc: programme, items: [replica.edit((doc) => Object.assign(doc, { live: 1 }))] });
  await connection.readTo(seen, replica.cursor + 1);
  assert.equal(seen.content.live, 1);
  await connection.close();
});

test('a refusal names its code', async () => {
  const data = make({ actor: scene.adviseur.device.actor(), startOp: 2 });
  const item = { ...scene.adviseur.device.item(programme, data), sig: randomBytes(64) };
  assert.deepEqual(await scene.adviseur.exchange({ t: 'push', id: 1, doc: programme, items: [item] }), [
    { t: 'reject', id: 1, doc: programme, items: [{ hash: item.hash, code: 'bad_signature' }] },
  ]);
});

test('a foreign document and none are the same here too', async () => {
  const attempt = async (doc) => {
    const { raw } = await scene.beheer.sync(encode([HELLO, { t: 'open', docs: [place(doc)] }, { t: 'push', id: 1, doc, items: [] }]));
    // The moment in the welcome differs; what follows it must not.
    return decode(raw).slice(1).map((message) => encode(message).toString('hex').replaceAll(doc.toString('hex'), '__'));
  };
  assert.deepEqual(await attempt(programme), await attempt(nowhere()));
});

test('a wrong place is reset', async () => {
  const doc = programme;
  const docs = [{ doc, cursor: 1, chain: randomBytes(32) }];
  assert.deepEqual(await scene.adviseur.exchange({ t: 'open', docs }), [{ t: 'reset', doc }]);
});

test('faults inside messages are errors in the answer', async () => {
  const rest = await scene.adviseur.exchange({ t: 'bake' }, { t: 'open', docs: [{ doc: programme, cursor: 1, chain: null }] }, { t: 'ping', n: 2 });
  assert.deepEqual(rest.map(({ t, code }) => code ?? t), ['bad_message', 'bad_message', 'pong']);
  const item = { hash: Buffer.alloc(32), by: Buffer.alloc(16), sig: Buffer.alloc(64), data: Buffer.alloc(1) };
  const [large] = await scene.adviseur.exchange({ t: 'push', id: 6, doc: programme, items: Array.from({ length: 257 }, () => item) });
  assert.deepEqual([large.code, large.id], ['too_large', 6]);
});

test('hello comes first and speaks version 1', async () => {
  const first = async (...messages) => {
    const { status, raw } = await scene.adviseur.sync(encode(messages));
    assert.equal(status, 200);
    return decode(raw).map(({ t, code }) => code ?? t);
  };
  assert.deepEqual(await first({ t: 'ping', n: 1 }, HELLO), ['bad_order']);
  assert.deepEqual(await first({ ...HELLO, v: 2 }, { t: 'ping', n: 1 }), ['bad_version']);
  assert.deepEqual(await first(HELLO, HELLO, { t: 'ping', n: 1 }), ['welcome', 'bad_order']);
});

test('what is no array of well-formed CBOR is 400', async () => {
  const cases = [[], encode(HELLO), encode([HELLO]).subarray(0, -1), bytes(encode([HELLO]), [0]), [0x9f, ...encode(HELLO), 0xff], Buffer.from('[]')];
  for (const body of cases) {
    const answer = await scene.adviseur.sync(Buffer.from(body));
    assert.equal(answer.status, 400, Buffer.from(body).toString('hex').slice(0, 60));
    assert.match(answer.headers['content-type'], /^application\/problem\+json/);
  }
});

test('another content type is 415', async () => {
  const body = encode([HELLO]);
  for (const type of ['application/json', 'application/octet-stream', 'text/plain']) {
    assert.equal((await scene.adviseur.sync(body, { 'content-type': type })).status, 415, type);
  }
  const { base } = scene.server;
  const none = await exchange(`${base}/api/sync`, { method: 'POST', body, headers: { cookie: scene.adviseur.cookie, origin: base } });
  assert.equal(none.status, 415);
});

test('no session is 401, another origin 403', async () => {
  const body = encode([HELLO]);
  assert.equal((await scene.adviseur.sync(body, { cookie: '' })).status, 401);
  assert.equal((await scene.adviseur.sync(body, { cookie: `loopbaanmaat=${'A'.repeat(43)}` })).status, 401);
  assert.equal((await scene.adviseur.sync(body, { origin: 'https://elders.example' })).status, 403);
});

test('a body of 1 MiB is read, one byte more is 413', async () => {
  const bare = encode([HELLO, { t: 'ping', n: 1, pad: Buffer.alloc(70_000) }]).length - 70_000;
  const of = (size) => encode([HELLO, { t: 'ping', n: 1, pad: Buffer.alloc(size - bare) }]);
  assert.deepEqual([of(1_048_576).length, of(1_048_577).length], [1_048_576, 1_048_577]);
  const fits = await scene.adviseur.sync(of(1_048_576));
  assert.deepEqual(decode(fits.raw).map(({ t }) => t), ['welcome', 'pong']);
  assert.equal((await scene.adviseur.sync(of(1_048_577))).status, 413);
});

test('1,000 messages are taken, more are refused whole', async () => {
  const of = (count) => encode([HELLO, ...Array.from({ length: count - 1 }, (_, n) => ({ t: 'ping', n }))]);
  const fits = await scene.adviseur.sync(of(1_000));
  assert.equal(decode(fits.raw).length, 1_000);
  const { status } = await scene.adviseur.sync(of(1_001));
  assert.ok(status === 400 || status === 413, `answered ${status}`);
});

test('an answer has 4 MiB at most, and reading goes on where it stopped', async () => {
  const { device } = scene.adviseur;
  const replica = scene.adviseur.replica(programme);
  await scene.adviseur.read(replica);
  const connection = await scene.adviseur.online();
  // Noise of bytes, so that no answer is small by accident: 24 changes of some 200 kB.
  for (let i = 0; i < 24; i += 1) {
    const data = make({ actor: device.actor(), startOp: replica.maxOp + 1, key: `last ${i}`, value: randomBytes(100_000).toString('hex') });
    await connection.store(programme, [device.item(programme, data)]);
  }
  await connection.close();
  const whole = await scene.coach1.sync(encode([HELLO, { t: 'open', docs: [place(programme)] }]));
  assert.ok(whole.raw.length <= 4_194_304, `${whole.raw.length} bytes`);
  for (const message of decode(whole.raw)) assert.ok(encode(message).length <= 1_048_576);
  const theirs = scene.coach1.replica(programme);
  const { head } = await scene.coach1.read(theirs);
  assert.equal(theirs.cursor, head);
  assert.equal(`${theirs.content['last 23']}`.length, 200_000);
});
