// Reading a log: from the start, from a place, from a wrong place, and what is not there or not yours.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { encode } from './client/cbor.mjs';
import { nowhere, organisation, registered } from './client/fixture.mjs';
import { Replica, chainNext, chainStart } from './client/replica.mjs';
import { Session } from './client/session.mjs';

let programme;
const scene = organisation(['adviseur', 'coach1', 'trainer', 'beheer'], async (scene) => {
  programme = await scene.adviseur.document('programme');
  const writer = scene.adviseur.replica(programme);
  const connection = await scene.adviseur.online();
  await connection.open(writer);
  const items = Array.from({ length: 12 }, (_, n) => writer.edit((doc) => Object.assign(doc, { [`lees ${n}`]: n })));
  await connection.store(programme, items);
  await connection.close();
});

async function full(session) {
  const connection = await session.online();
  const replica = session.replica(programme);
  await connection.open(replica);
  return { connection, replica };
}

test('from cursor 0 the whole log comes, the genesis first, every item hashed, chained and signed', async () => {
  const { connection, replica } = await full(scene.coach1);
  assert.ok(replica.cursor >= 13);
  const [genesis] = replica.items;
  assert.deepEqual([genesis.by, genesis.sig.length], [Buffer.alloc(16), 0]);
  replica.audit(await scene.coach1.directory());
  assert.equal(replica.content['lees 11'], 11);
  await connection.close();
});

test('opened says kind, access and head', async () => {
  const practice = await scene.adviseur.document('practice');
  const connection = await scene.coach1.online();
  const opened = await connection.open(scene.coach1.replica(practice));
  assert.equal(opened.kind, 'practice');
  assert.equal(opened.access, 'read');
  assert.ok(opened.head >= 1);
  const writable = await connection.open(scene.coach1.replica(programme));
  assert.deepEqual([writable.kind, writable.access], ['programme', 'write']);
  await connection.close();
});

test('from a cursor exactly what follows comes', async () => {
  const { connection, replica } = await full(scene.trainer);
  for (const length of [1, 5, replica.cursor - 1, replica.cursor]) {
    const partial = new Replica(programme, scene.trainer.device);
    partial.take({ t: 'changes', doc: programme, from: 0, items: replica.items.slice(0, length), chain: chainAt(replica, length) });
    const opened = await connection.open(partial);
    assert.equal(partial.cursor, opened.head);
    assert.deepEqual(partial.chain, replica.chain);
  }
  await connection.quiet();
  await connection.close();
});

function chainAt(replica, length) {
  const upTo = new Replica(replica.doc, replica.device);
  let { chain } = upTo;
  for (const { hash } of replica.items.slice(0, length)) chain = chainNext(chain, hash);
  return chain;
}

test('a place that this log does not hold is reset, and the document is closed then', async () => {
  const { connection, replica } = await full(scene.trainer);
  const wrong = [
    { cursor: 3, chain: randomBytes(32) },
    { cursor: replica.cursor, chain: chainStart(programme) },
    { cursor: replica.cursor + 1, chain: replica.chain },
    { cursor: 2 ** 53 - 1, chain: replica.chain },
    { cursor: 3, chain: chainAt(replica, 4) },
  ];
  for (const place of wrong) {
    connection.send({ t: 'open', docs: [{ doc: programme, ...place }] });
    assert.deepEqual((await connection.expect('reset')).doc, programme);
  }
  const { connection: writing, replica: theirs } = await full(scene.adviseur);
  const [seq] = await writing.store(programme, [theirs.edit((doc) => Object.assign(doc, { reset: randomBytes(4).toString('hex') }))]);
  await connection.quiet();
  await connection.open(replica);
  assert.equal(replica.cursor, seq);
  await connection.close();
  await writing.close();
});

test('opening what is open starts it over at the given place', async () => {
  const { connection, replica } = await full(scene.coach1);
  const again = scene.coach1.replica(programme);
  await connection.open(again);
  assert.deepEqual(again.chain, replica.chain);
  await connection.quiet();
  await connection.close();
});

test('several documents in one open are answered each for itself, in their order', async () => {
  const practice = await scene.coach1.document('practice');
  const stranger = nowhere();
  const connection = await scene.coach1.online();
  const places = [practice, stranger, programme].map((doc) => ({ doc, cursor: 0, chain: null }));
  connection.send({ t: 'open', docs: places });
  connection.send({ t: 'ping', n: 1 });
  const answers = [];
  for (let message = await connection.next(); message.t !== 'pong'; message = await connection.next()) {
    if (message.t !== 'changes') answers.push([message.t, message.doc.toString('hex')]);
  }
  assert.deepEqual(answers, [
    ['opened', practice.toString('hex')],
    ['denied', stranger.toString('hex')],
    ['opened', programme.toString('hex')],
  ]);
  await connection.close();
});

/** The bytes of every answer to `messages(doc)`, with the id of the document blanked. */
async function answers(session, doc, messages) {
  const connection = await session.online();
  for (const message of messages(doc)) connection.send(message);
  connection.send({ t: 'ping', n: 1 });
  const raw = [];
  for (;;) {
    const frame = await connection.nextFrame();
    if (frame.message.t === 'pong') break;
    if (frame.message.t !== 'directory') raw.push(frame.raw.toString('hex').replaceAll(doc.toString('hex'), '__'));
  }
  await connection.close();
  return raw;
}

test('to a stranger a document that exists and one that does not are the same, byte for byte', async () => {
  const item = { hash: randomBytes(32), by: scene.beheer.device.id, sig: randomBytes(64), data: randomBytes(90) };
  const place = (doc) => ({ doc, cursor: 0, chain: null });
  const behind = (doc) => ({ doc, cursor: 4, chain: randomBytes(32) });
  const attempts = [
    (doc) => [{ t: 'open', docs: [place(doc)] }],
    (doc) => [{ t: 'open', docs: [behind(doc)] }],
    (doc) => [{ t: 'push', id: 7, doc, items: [item] }],
    (doc) => [{ t: 'push', id: 8, doc, items: [] }],
    (doc) => [{ t: 'close', doc }],
    (doc) => [{ t: 'presence', doc, data: Buffer.alloc(3) }],
    (doc) => [{ t: 'open', docs: [place(doc)] }, { t: 'push', id: 9, doc, items: [item] }, { t: 'open', docs: [place(doc)] }],
  ];
  const theirs = (await scene.adviseur.directory()).documents.find(({ kind }) => kind === 'intake').id;
  for (const existing of [programme, theirs]) {
    for (const attempt of attempts) {
      const [there, not] = [await answers(scene.beheer, existing, attempt), await answers(scene.beheer, nowhere(), attempt)];
      assert.deepEqual(there, not);
    }
  }
  const [denied] = await answers(scene.beheer, programme, attempts[0]);
  assert.equal(denied, encode({ t: 'denied', doc: programme }).toString('hex').replace(programme.toString('hex'), '__'));
});

test('a withdrawn document is gone for who could read it, and denied to everybody else', async () => {
  const { employee, trajectory } = await registered(scene.server);
  const { document } = await employee.done({ type: 'share_reflection', trajectory });
  const doc = Buffer.from(document, 'base64url');
  const reading = await scene.adviseur.online();
  const theirs = scene.adviseur.replica(doc);
  await reading.open(theirs);
  const writing = await employee.online();
  const mine = employee.replica(doc);
  assert.equal((await writing.open(mine)).access, 'write');
  const late = mine.edit((it) => Object.assign(it, { zin: 'Ik wil iets anders.' }));
  await writing.store(doc, [late]);
  await reading.readTo(theirs, 2);
  assert.equal(theirs.content.zin, 'Ik wil iets anders.');

  await employee.done({ type: 'withdraw_reflection', trajectory });
  assert.deepEqual(await reading.expect('gone'), { t: 'gone', doc });
  await reading.quiet();
  reading.send({ t: 'open', docs: [theirs.place] });
  await reading.expect('gone');
  reading.send({ t: 'push', id: 5, doc, items: [late] });
  assert.deepEqual(await reading.expect('gone'), { t: 'gone', doc, id: 5 });
  assert.deepEqual(await scene.adviseur.exchange({ t: 'open', docs: [theirs.place] }), [{ t: 'gone', doc }]);

  const stranger = await Session.signIn(scene.server, 'coach2');
  assert.deepEqual(await stranger.exchange({ t: 'open', docs: [theirs.place] }), [{ t: 'denied', doc }]);
  assert.ok(!(await scene.adviseur.directory()).documents.some(({ id }) => id.equals(doc)));
  await reading.close();
  await writing.close();
});
