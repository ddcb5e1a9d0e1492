// The client itself, before it judges a server: its codec, its chunks, its keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as automerge from '@automerge/automerge';
import { hex, longUleb } from './client/bytes.mjs';
import { decode, elements, encode } from './client/cbor.mjs';
import { hashOf, join, make, maxOp, parts, uncompressed } from './client/change.mjs';
import { Device, deviceId, signedBy } from './client/device.mjs';
import { Replica, chainNext } from './client/replica.mjs';

test('what is encoded decodes to the same', () => {
  for (const value of [0, 23, 24, 255, 256, 65_536, 2 ** 32, 2 ** 53 - 1, 'ë🙂', null, true, false, [1, ['a']], Buffer.from('x'.repeat(300))]) {
    assert.deepEqual(decode(encode({ value })).value, value);
  }
  assert.equal(hex(encode({ t: 'ping', n: 500 })), 'a2617464' + '70696e67' + '616e1901f4');
  assert.equal(elements(encode([1, { a: [2] }, 'x'])).length, 3);
});

test('what the contract forbids does not decode', () => {
  for (const text of ['bf6174ff', 'c000', 'f93c00', '20', 'a2616101616102', '1b0020000000000000', '0000', 'f7']) {
    assert.throws(() => decode(Buffer.from(text, 'hex')), text);
  }
});

test('the uncompressed chunk of a large change has the hash that automerge gives', () => {
  for (const length of [1, 100, 5_000]) {
    const doc = automerge.change(automerge.init(), (it) => Object.assign(it, { tekst: 'woord '.repeat(length) }));
    const raw = automerge.getLastLocalChange(doc);
    const data = uncompressed(raw);
    assert.equal(data[8], 1);
    assert.equal(hex(hashOf(raw)), automerge.decodeChange(raw).hash);
    assert.equal(automerge.decodeChange(new Uint8Array(data)).hash, hex(hashOf(data)));
    assert.equal(maxOp(data), automerge.decodeChange(raw).ops.length);
  }
});

test('parts joined again are the same bytes, and another form of a number is not', () => {
  const data = make({ actor: new Device().actor(), startOp: 7, deps: [Buffer.alloc(32, 9), Buffer.alloc(32, 3)] });
  const change = parts(data);
  assert.deepEqual([change.startOp, change.seq, change.deps[0][0]], [7, 1, 3]);
  assert.deepEqual(join(change), data);
  assert.equal(join(change, { number: { seq: longUleb } }).length, data.length + 1);
});

test('a device is its key', () => {
  const device = new Device();
  assert.equal(device.publicKey.length, 32);
  assert.deepEqual(device.copy().id, deviceId(device.publicKey));
  const doc = Buffer.alloc(16, 1);
  const item = device.item(doc, make({ actor: device.actor(), startOp: 1 }));
  assert.ok(signedBy(device.publicKey, doc, item));
  assert.ok(!signedBy(new Device().publicKey, doc, item));
});

test('a replica takes what it wrote, and nothing out of place', () => {
  const doc = Buffer.alloc(16, 2);
  const [one, two] = [new Replica(doc, new Device()), new Replica(doc, new Device())];
  const genesis = { seq: 1, hash: null, by: Buffer.alloc(16), sig: Buffer.alloc(0), data: make({ actor: Buffer.alloc(16), startOp: 1 }) };
  genesis.hash = hashOf(genesis.data);
  const first = { t: 'changes', doc, from: 0, items: [genesis], chain: chainNext(one.chain, genesis.hash) };
  one.take(first);
  two.take(first);
  const item = one.edit((it) => Object.assign(it, { a: 'b' }));
  const { data, ...without } = item;
  const second = { t: 'changes', doc, from: 1, items: [{ seq: 2, ...without }], chain: chainNext(one.chain, item.hash) };
  assert.throws(() => new Replica(doc, new Device()).take(second));
  one.take(second);
  two.take({ ...second, items: [{ ...second.items[0], data }] });
  assert.deepEqual(one.heads, two.heads);
  assert.equal(two.content.a, 'b');
  assert.throws(() => two.take({ ...second, from: 2, chain: Buffer.alloc(32) }));
});
