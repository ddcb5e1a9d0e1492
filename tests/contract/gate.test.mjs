// The gate: what every pushed change passes, each refusal with its code, and the order of the checks.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import * as automerge from '@automerge/automerge';
import { bytes, hex, longUleb, sha256, uleb } from './client/bytes.mjs';
import { chunk, contentsOf, hashOf, join, make, maxOp, parts, uncompressed, withColumn } from './client/change.mjs';
import { Device } from './client/device.mjs';
import { organisation } from './client/fixture.mjs';
import { Session } from './client/session.mjs';

/** The column that holds what each operation does. */
const ACTION = 0x42;

let doc;
let device;
let connection;
let log;

const scene = organisation(['adviseur', 'coach1', 'trainer', 'beheer'], async (scene) => {
  ({ device } = scene.adviseur);
  doc = await scene.adviseur.document('programme');
  connection = await scene.adviseur.online();
  log = scene.adviseur.replica(doc);
  await connection.open(log);
  // An item of an own actor with something before it, to build on.
  const items = [log.edit((it) => Object.assign(it, { poort: 1 })), log.edit((it) => Object.assign(it, { poort: 2 }))];
  await stored(...items);
});
after(() => connection?.close());

/** Pushes what must be stored and follows the log up to there. */
async function stored(...items) {
  const id = connection.push(doc, items);
  let ack;
  while (!ack || log.cursor < Math.max(...ack.items.map(({ seq }) => seq))) {
    const message = await connection.next();
    assert.ok(['ack', 'changes'].includes(message?.t), `${message?.t} ${message?.items?.map(({ code }) => code)}`);
    if (message.t === 'ack') {
      assert.equal(message.id, id);
      ack = message;
    } else log.take(message);
  }
  return ack.items.map(({ seq }) => seq);
}

/** Makes what `stored` stores without the help of a merged document. */
function keep(data, from = device) {
  const item = from.item(doc, data);
  log.own.set(hex(item.hash), data);
  return item;
}

const refused = (item, code, why) => connection.refused(doc, item, code, why);

/** A well-formed change of a new actor, one above the log. */
const fresh = (change = {}) => make({ actor: device.actor(), startOp: log.maxOp + 1, ...change });

const head = () => log.items.at(-1);

test('a change of exactly 262,144 bytes is stored, one byte more is too large', async () => {
  const of = (length) => fresh({ key: 'groot', value: 'x'.repeat(length) });
  const spare = of(200_000).length - 200_000;
  const [fits, above] = [of(262_144 - spare), of(262_145 - spare)];
  assert.deepEqual([fits.length, above.length], [262_144, 262_145]);
  await refused(device.item(doc, above), 'too_large');
  await stored(keep(fits));
});

test('100,000 operations are stored, one more is too large', async () => {
  const typed = (length) => {
    let it = automerge.init({ actor: hex(device.actor()) });
    it = automerge.applyChanges(it, log.items.map(({ data }) => new Uint8Array(data)))[0];
    it = automerge.change(it, (inner) => Object.assign(inner, { plakken: 'a'.repeat(length) }));
    return uncompressed(automerge.getLastLocalChange(it));
  };
  const above = typed(100_000);
  assert.equal(automerge.decodeChange(new Uint8Array(above)).ops.length, 100_001);
  await refused(device.item(doc, above), 'too_large');
  await stored(keep(typed(99_999)));
});

test('a run length that claims operations without end is refused before it is expanded', async () => {
  const change = parts(fresh());
  for (const run of [100_001n, 2n ** 32n, 2n ** 62n]) {
    const rest = withColumn(change.rest, ACTION, bytes(uleb(run), uleb(1)));
    const item = device.item(doc, join({ ...change, rest }));
    const { ack, reject } = await connection.pushed(doc, [item]);
    assert.equal(ack, undefined, `stored with a run of ${run}`);
    assert.ok(['too_large', 'bad_chunk'].includes(reject.items[0].code));
  }
});

test('a change without operations is a change', async () => {
  await stored(log.touch());
});

test('bad_chunk: what is not exactly one well-formed uncompressed change', async () => {
  const good = fresh();
  const change = parts(good);
  const contents = contentsOf(good);
  const withParts = (spoilt, options) => join({ ...change, ...spoilt }, options);
  const [low, high] = [log.items[0].hash, head().hash].sort(Buffer.compare);
  const cases = {
    'nothing': Buffer.alloc(0),
    'a few bytes': Buffer.from('geen change'),
    'another magic': bytes([0], good.subarray(1)),
    'a wrong checksum': bytes(good.subarray(0, 4), randomBytes(4), good.subarray(8)),
    'cut short': good.subarray(0, -1),
    'a byte behind': bytes(good, [0]),
    'two changes': bytes(good, fresh()),
    'a document chunk': Buffer.from(automerge.save(log.merged)),
    'type 0 with the contents of a change': chunk(contents, { type: 0 }),
    'a compressed change': chunk(deflateRawSync(contents), { type: 2, checksum: good.subarray(4, 8) }),
    'an unknown type': chunk(contents, { type: 9 }),
    'a long length': chunk(contents, { length: longUleb(contents.length) }),
    'bytes behind the columns': join({ ...change, rest: bytes(change.rest, [0]) }),
    'an empty actor': withParts({ actor: Buffer.alloc(0) }),
    'an actor of 15 bytes': withParts({ actor: change.actor.subarray(0, 15) }),
    'an actor of 17 bytes': withParts({ actor: bytes(change.actor, [0]) }),
    'a dependency twice': withParts({ deps: [low, low] }),
    'dependencies that descend': withParts({ deps: [high, low] }),
    'start_op 0': withParts({ startOp: 0 }),
    'a long count of dependencies': withParts({}, { number: { deps: longUleb } }),
    'a long actor length': withParts({}, { number: { actor: longUleb } }),
    'a long sequence': withParts({}, { number: { seq: longUleb } }),
    'a long start_op': withParts({}, { number: { startOp: longUleb } }),
    'a number of more than 64 bits': withParts({ seq: 2n ** 70n }),
    'a promise of more dependencies than there are': chunk(bytes(uleb(2n ** 40n), contents.subarray(1))),
    'no columns': withParts({ rest: Buffer.alloc(0) }),
    'a column list cut short': withParts({ rest: change.rest.subarray(0, 3) }),
  };
  for (const [why, data] of Object.entries(cases)) {
    const hash = safeHash(data);
    await refused({ hash, by: device.id, sig: device.signature(doc, hash), data }, 'bad_chunk', why);
  }
  await stored(keep(good));
});

/** The hash of something that may not have one; any will do then. */
function safeHash(data) {
  try {
    return hashOf(data);
  } catch {
    return sha256(data);
  }
}

test('bad_chunk: start_op stands above all it depends on, and at most one above the log', async () => {
  const dep = head();
  const top = maxOp(dep.data);
  const item = (startOp, deps = [dep.hash]) => device.item(doc, fresh({ startOp, deps }));
  await refused(item(top), 'bad_chunk', 'not above the highest op of its deps');
  await refused(item(1), 'bad_chunk', 'far below its deps');
  await refused(item(log.maxOp + 2), 'bad_chunk', 'two above the log');
  await refused(item(2 ** 40), 'bad_chunk', 'far above the log');
  await refused(item(log.maxOp + 2, []), 'bad_chunk', 'two above the log, without deps');
  const first = fresh({ startOp: top + 1, deps: [dep.hash], key: 'naast' });
  const second = fresh({ startOp: log.maxOp + 1, deps: [log.items[0].hash], key: 'elkaar' });
  await stored(keep(first), keep(second));
});

test('bad_chunk: the actor’s previous change is an ancestor', async () => {
  const actor = device.actor();
  const first = fresh({ actor });
  const other = fresh({ key: 'opzij' });
  await stored(keep(first), keep(other));
  const startOp = log.maxOp + 1;
  await refused(device.item(doc, make({ actor, seq: 2, startOp, deps: [] })), 'bad_chunk', 'no deps');
  await refused(device.item(doc, make({ actor, seq: 2, startOp, deps: [hashOf(other)] })), 'bad_chunk', 'beside it');
  const bridge = make({ actor: device.actor(), startOp, deps: [hashOf(first)] });
  await stored(keep(bridge));
  await stored(keep(make({ actor, seq: 2, startOp: log.maxOp + 1, deps: [hashOf(bridge)] })));
});

test('bad_hash: the hash is that of the change', async () => {
  const data = fresh();
  const hash = randomBytes(32);
  await refused({ hash, by: device.id, sig: device.signature(doc, hash), data }, 'bad_hash');
  await refused({ ...device.item(doc, fresh()), data }, 'bad_hash', 'the hash of another change');
});

test('unknown_device: the author is a device that signed in once', async () => {
  await refused(new Device().item(doc, fresh()), 'unknown_device');
  await refused({ ...device.item(doc, fresh()), by: Buffer.alloc(16) }, 'unknown_device', 'the author of the genesis');
});

test('bad_signature: only the author’s device can have signed it, for this document', async () => {
  const data = fresh();
  const item = device.item(doc, data);
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${hex(Buffer.from(item.sig.subarray(32)).reverse())}`) + order;
  const raised = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse();
  const cases = {
    'zeros': Buffer.alloc(64),
    'noise': randomBytes(64),
    'one bit off': bytes(item.sig.subarray(0, 63), [item.sig[63] ^ 1]),
    'of another device': new Device().signature(doc, item.hash),
    'for another document': device.signature(randomBytes(16), item.hash),
    'for another hash': device.signature(doc, randomBytes(32)),
    'the same with S raised by the group order': bytes(item.sig.subarray(0, 32), raised),
  };
  for (const [why, sig] of Object.entries(cases)) await refused({ ...item, sig }, 'bad_signature', why);
  const theirs = { ...item, by: scene.coach1.device.id };
  await refused(theirs, 'bad_signature', 'under another’s name');
});

test('a signature of another length is not stored', async () => {
  for (const length of [0, 63, 65]) {
    const item = { ...device.item(doc, fresh()), sig: Buffer.alloc(length) };
    connection.send({ t: 'push', id: 90_000 + length, doc, items: [item] });
    const answer = await connection.next();
    if (answer.t === 'error') assert.equal(answer.code, 'bad_message');
    else assert.deepEqual(answer.items, [{ hash: item.hash, code: 'bad_signature' }]);
  }
});

test('read_only: the author writes, or has written, this document', async () => {
  const practice = await scene.coach1.document('practice');
  const reading = await scene.coach1.online();
  const replica = scene.coach1.replica(practice);
  assert.equal((await reading.open(replica)).access, 'read');
  const mine = replica.edit((it) => Object.assign(it, { mag: 'niet' }));
  await reading.refused(practice, mine, 'read_only');
  const written = scene.adviseur.replica(practice);
  await connection.open(written);
  const theirs = written.edit((it) => Object.assign(it, { mag: 'wel' }));
  await reading.store(practice, [theirs]);
  await connection.readTo(written, written.cursor + 1);
  await connection.refused(practice, mine, 'read_only', 'carried by one who may write');
  connection.send({ t: 'close', doc: practice });
  await reading.close();
});

test('read_only: a device of an administrator writes nothing, whoever carries it', async () => {
  await refused(scene.beheer.device.item(doc, make({ actor: scene.beheer.device.actor(), startOp: log.maxOp + 1 })), 'read_only');
});

test('actor_taken: the actor is one of the author’s device', async () => {
  const theirs = fresh({ actor: scene.coach1.device.actor() });
  await refused(device.item(doc, theirs), 'actor_taken', 'of another device');
  await refused(device.item(doc, fresh({ actor: randomBytes(16) })), 'actor_taken', 'of no device');
  await refused(device.item(doc, fresh({ actor: Buffer.alloc(16) })), 'actor_taken', 'of the genesis');
});

test('seq_gap: an actor’s changes come one after the other', async () => {
  const actor = device.actor();
  await refused(device.item(doc, fresh({ actor, seq: 2 })), 'seq_gap', 'without its first');
  const first = fresh({ actor });
  await stored(keep(first));
  const next = { actor, startOp: log.maxOp + 1, deps: [hashOf(first)] };
  await refused(device.item(doc, make({ ...next, seq: 3 })), 'seq_gap', 'one left out');
  await refused(device.item(doc, make({ ...next, seq: 1, key: 'weer' })), 'seq_gap', 'the first again');
  await refused(device.item(doc, make({ ...next, seq: 2 ** 31 })), 'seq_gap', 'far away');
  await stored(keep(make({ ...next, seq: 2 })));
  await refused(device.item(doc, make({ actor, seq: 2, startOp: log.maxOp + 1, deps: [hashOf(first)], key: 'anders' })), 'seq_gap', 'the second again');
});

test('missing_deps: what a change builds on is in the log, or before it in the push', async () => {
  await refused(device.item(doc, fresh({ deps: [randomBytes(32)] })), 'missing_deps');
  const base = fresh({ key: 'basis' });
  const above = make({ actor: device.actor(), startOp: log.maxOp + 2, deps: [hashOf(base)], key: 'erop' });
  const [lower, upper] = [device.item(doc, base), device.item(doc, above)];
  const { ack, reject } = await connection.pushed(doc, [upper]);
  assert.deepEqual([ack, reject.items], [undefined, [{ hash: upper.hash, code: 'missing_deps' }]]);
  await stored(keep(base), keep(above));
  assert.ok(log.has(lower.hash) && log.has(upper.hash));
});

test('what stands behind a refused item in the same push falls with it', async () => {
  const actor = device.actor();
  const first = fresh({ actor });
  const second = make({ actor, seq: 2, startOp: log.maxOp + 2, deps: [hashOf(first)] });
  const third = make({ actor: device.actor(), startOp: log.maxOp + 2, deps: [hashOf(first)] });
  const items = [{ ...device.item(doc, first), sig: Buffer.alloc(64) }, device.item(doc, second), device.item(doc, third)];
  const { ack, reject } = await connection.pushed(doc, items);
  assert.equal(ack, undefined);
  assert.deepEqual(reject.items.map(({ code }) => code), ['bad_signature', 'seq_gap', 'missing_deps']);
});

test('the first check that fails gives the code', async () => {
  const stranger = new Device();
  const { device: reader } = scene.beheer;
  const foreign = scene.coach1.device.actor();
  const startOp = log.maxOp + 1;
  const gapped = { seq: 3, deps: [randomBytes(32)] };
  const noise = randomBytes(64);
  const item = (data, spoilt) => ({ ...device.item(doc, data), ...spoilt });
  const junk = randomBytes(262_145);
  const unlike = (data, spoilt) => item(data, { hash: randomBytes(32), sig: noise, ...spoilt });
  const broken = bytes(fresh(), [0]);
  await refused(unlike(junk, { by: stranger.id }), 'too_large', 'too_large before bad_chunk');
  await refused(unlike(broken, { by: stranger.id }), 'bad_chunk', 'bad_chunk before bad_hash');
  await refused(unlike(fresh({ actor: foreign, ...gapped }), { by: stranger.id }), 'bad_hash', 'bad_hash before unknown_device');
  await refused(item(fresh({ actor: foreign, ...gapped }), { by: stranger.id, sig: noise }), 'unknown_device', 'unknown_device before bad_signature');
  await refused(item(fresh({ actor: foreign, ...gapped }), { by: reader.id, sig: noise }), 'bad_signature', 'bad_signature before read_only');
  const byReader = make({ actor: foreign, startOp, ...gapped });
  await refused(reader.item(doc, byReader), 'read_only', 'read_only before actor_taken');
  await refused(item(fresh({ actor: foreign, ...gapped })), 'actor_taken', 'actor_taken before seq_gap');
  await refused(item(fresh(gapped)), 'seq_gap', 'seq_gap before missing_deps');
});

test('a known hash is acknowledged before anything else is looked at', async () => {
  const { hash, seq } = head();
  const known = { hash, by: new Device().id, sig: randomBytes(64), data: randomBytes(262_145) };
  assert.deepEqual(await connection.store(doc, [known]), [seq]);
});

test('none of what was refused stands in the log, and every item of it is whole', async () => {
  const reading = await scene.trainer.online();
  const replica = scene.trainer.replica(doc);
  await reading.open(replica);
  replica.audit(await scene.trainer.directory());
  assert.deepEqual(replica.chain, log.chain);
  assert.deepEqual(replica.heads, log.heads);
  await reading.close();
});

test('a device that was revoked is still the author of what it wrote', async () => {
  const lost = await Session.signIn(scene.server, 'adviseur');
  const item = lost.device.item(doc, make({ actor: lost.device.actor(), startOp: log.maxOp + 1 }));
  await scene.adviseur.done({ type: 'revoke_device', device: lost.device.id.toString('base64url') });
  log.own.set(hex(item.hash), item.data);
  await stored(item);
});
