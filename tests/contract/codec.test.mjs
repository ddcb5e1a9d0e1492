// What is a message and what is not: CBOR as the contract has it, and the sizes, inclusive.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { bytes } from './client/bytes.mjs';
import { Raw, encode, head } from './client/cbor.mjs';
import { nowhere, organisation } from './client/fixture.mjs';

const scene = organisation(['adviseur']);

let connection;
beforeEach(async () => {
  connection = await scene.adviseur.online();
});
afterEach(() => connection.close());

const ping = (extra) => encode({ t: 'ping', n: 1, ...extra });

const nested = (levels) => new Raw(bytes(...Array.from({ length: levels }, () => head(4, 1)), [0xf6]));

const MALFORMED = {
  'no bytes': [],
  'no map': encode([{ t: 'ping', n: 1 }]),
  'a number': encode(1),
  'cut short': ping().subarray(0, -1),
  'a byte behind the map': bytes(ping(), [0]),
  'two messages': bytes(ping(), ping()),
  'a map of indefinite length': bytes([0xbf], encode('t'), encode('ping'), encode('n'), [1, 0xff]),
  'a text of indefinite length': ping({ x: new Raw([0x7f, 0x61, 0x61, 0xff]) }),
  'bytes of indefinite length': ping({ x: new Raw([0x5f, 0x41, 0x61, 0xff]) }),
  'an array of indefinite length': ping({ x: new Raw([0x9f, 0xff]) }),
  'a tag': ping({ x: new Raw([0xc0, 0x61, 0x61]) }),
  'a tagged message': bytes([0xd9, 0xd9, 0xf7], ping()),
  'a half float': ping({ x: new Raw([0xf9, 0x3c, 0x00]) }),
  'a float': ping({ x: new Raw([0xfa, 0x3f, 0x80, 0, 0]) }),
  'a double': ping({ x: new Raw([0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]) }),
  'a float for a number': bytes(head(5, 2), encode('t'), encode('ping'), encode('n'), [0xf9, 0x3c, 0x00]),
  'a key twice': bytes(head(5, 3), encode('t'), encode('ping'), encode('n'), [1], encode('n'), [1]),
  'an unknown key twice': bytes(head(5, 4), encode('t'), encode('ping'), encode('n'), [1], encode('x'), [1], encode('x'), [2]),
  'a key twice inside': ping({ x: new Raw(bytes(head(5, 2), encode('a'), [1], encode('a'), [1])) }),
  'nesting 9': ping({ x: nested(8) }),
  'nesting without end': ping({ x: nested(100_000) }),
  'an integer above 2^53 - 1': ping({ n: new Raw(head(0, 2n ** 53n)) }),
  'the highest 64-bit integer': ping({ n: new Raw(head(0, 2n ** 64n - 1n)) }),
  'an unknown integer above 2^53 - 1': ping({ x: new Raw(head(0, 2n ** 53n)) }),
  'a negative integer': ping({ n: new Raw([0x20]) }),
  'a length that promises more than there is': ping({ x: new Raw(head(2, 2n ** 40n)) }),
  'an array that promises more than there is': ping({ x: new Raw(head(4, 2n ** 40n)) }),
  'a map that promises more than there is': bytes(head(5, 2n ** 40n), encode('t'), encode('ping')),
  'a key that is a number': bytes(head(5, 3), encode('t'), encode('ping'), encode('n'), [1, 5, 5]),
  'a text that is not UTF-8': ping({ x: new Raw([0x62, 0xc3, 0x28]) }),
  'a reserved head': ping({ x: new Raw([0x1c]) }),
  'a break': ping({ x: new Raw([0xff]) }),
  'no type': encode({ n: 1 }),
  'a type that is a number': encode({ t: 1, n: 1 }),
  'an unknown type': encode({ t: 'bake', n: 1 }),
  'a type of the server': encode({ t: 'pong', n: 1, now: 1 }),
  'a missing field': encode({ t: 'ping' }),
  'a field of another type': encode({ t: 'ping', n: 'one' }),
  'a null for a number': encode({ t: 'ping', n: null }),
  'an id of 15 bytes': encode({ t: 'close', doc: Buffer.alloc(15) }),
  'an id of 17 bytes': encode({ t: 'close', doc: Buffer.alloc(17) }),
  'an id as text': encode({ t: 'close', doc: 'AAAAAAAAAAAAAAAA' }),
  'a chain of 31 bytes': encode({ t: 'open', docs: [{ doc: nowhere(), cursor: 1, chain: Buffer.alloc(31) }] }),
  'a cursor without its chain': encode({ t: 'open', docs: [{ doc: nowhere(), cursor: 1, chain: null }] }),
  'a chain at cursor 0': encode({ t: 'open', docs: [{ doc: nowhere(), cursor: 0, chain: Buffer.alloc(32) }] }),
  'a place without chain': encode({ t: 'open', docs: [{ doc: nowhere(), cursor: 0 }] }),
  'docs that are no list': encode({ t: 'open', docs: nowhere() }),
};

for (const [name, raw] of Object.entries(MALFORMED)) {
  test(`malformed, and the connection lives: ${name}`, async () => {
    connection.sendRaw(Buffer.from(raw));
    await connection.expectError('bad_message');
    await connection.quiet();
  });
}

test('a document twice in one open is malformed', async () => {
  const doc = nowhere();
  connection.send({ t: 'open', docs: [{ doc, cursor: 0, chain: null }, { doc, cursor: 0, chain: null }] });
  await connection.expectError('bad_message');
  await connection.quiet();
});

test('a text frame is malformed', async () => {
  connection.sendRaw('{"t":"ping","n":1}', { binary: false });
  await connection.expectError('bad_message');
  await connection.quiet();
});

test('unknown keys are ignored, whatever well-formed value they have', async () => {
  const values = [null, true, false, 2 ** 53 - 1, 'ß', Buffer.alloc(3), [], [1, [2]], { a: { b: null } }, nested(7)];
  for (const x of values) {
    connection.send({ t: 'ping', n: 1, x });
    assert.equal((await connection.expect('pong')).n, 1);
  }
});

test('the highest integer comes back as it went', async () => {
  connection.send({ t: 'ping', n: 2 ** 53 - 1 });
  assert.equal((await connection.expect('pong')).n, 2 ** 53 - 1);
});

test('keys in any order are the same message', async () => {
  connection.send({ n: 7, t: 'ping' });
  assert.equal((await connection.expect('pong')).n, 7);
});

test('twenty malformed messages in a minute are too many, nineteen are not', async () => {
  for (let i = 0; i < 19; i += 1) {
    connection.sendRaw(Buffer.from([0xff]));
    await connection.expectError('bad_message');
  }
  await connection.quiet();
  connection.sendRaw(Buffer.from([0xff]));
  await connection.expectClose(1008);
});

/** A ping of exactly `size` bytes, filled up with a key that the server ignores. */
function pingOf(size) {
  const bare = encode({ t: 'ping', n: 1, pad: Buffer.alloc(70_000) }).length - 70_000;
  const raw = encode({ t: 'ping', n: 1, pad: Buffer.alloc(size - bare) });
  assert.equal(raw.length, size);
  return raw;
}

test('a message of 1,048,576 bytes is taken, one byte more is too large', async () => {
  connection.sendRaw(pingOf(1_048_576));
  await connection.expect('pong');
  connection.sendRaw(pingOf(1_048_577));
  await connection.expectError('too_large');
  await connection.quiet();
});

test('a message of 4 MiB is read and answered, above that the connection is closed', async () => {
  connection.sendRaw(pingOf(4_194_304));
  await connection.expectError('too_large');
  await connection.quiet();
  connection.sendRaw(pingOf(4_194_305));
  await connection.expectClose(1009);
});

test('client text has 64 bytes at most', async () => {
  const fits = await scene.adviseur.connect();
  await fits.hello({ t: 'hello', v: 1, client: 'é'.repeat(32) });
  await fits.close();
  const long = await scene.adviseur.connect();
  long.send({ t: 'hello', v: 1, client: `${'é'.repeat(32)}x` });
  await long.expectError('too_large');
  await long.close();
});

test('an open has 1,000 documents at most', async () => {
  const docs = (count) => Array.from({ length: count }, () => ({ doc: nowhere(), cursor: 0, chain: null }));
  connection.send({ t: 'open', docs: docs(1_000) });
  for (let i = 0; i < 1_000; i += 1) await connection.expect('denied');
  connection.send({ t: 'open', docs: docs(1_001) });
  await connection.expectError('too_large');
  await connection.quiet();
});

test('an open of nothing is answered by nothing', async () => {
  connection.send({ t: 'open', docs: [] });
  await connection.quiet();
});

test('a push has 256 items at most, and the answer names the push', async () => {
  const item = { hash: Buffer.alloc(32), by: Buffer.alloc(16), sig: Buffer.alloc(64), data: Buffer.alloc(8) };
  const doc = nowhere();
  const items = (count) => Array.from({ length: count }, () => item);
  connection.send({ t: 'push', id: 41, doc, items: items(256) });
  const denied = await connection.expect('denied');
  assert.deepEqual([denied.id, denied.doc], [41, doc]);
  connection.send({ t: 'push', id: 42, doc, items: items(257) });
  assert.equal((await connection.expectError('too_large')).id, 42);
  await connection.quiet();
});

test('presence has 1,024 bytes at most', async () => {
  const doc = await scene.adviseur.document('programme');
  connection.send({ t: 'presence', doc, data: Buffer.alloc(1_024) });
  await connection.quiet();
  connection.send({ t: 'presence', doc, data: Buffer.alloc(1_025) });
  await connection.expectError('too_large');
  await connection.quiet();
});
