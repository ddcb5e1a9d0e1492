// A long log: a new replica takes a snapshot in place of its first items, and has the same document, by both ways in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { organisation } from './client/fixture.mjs';
import { Session } from './client/session.mjs';

// Tried and covered at once, and what is covered is dropped.
const args = ['--trial-after', '0', '--snapshot-after', '300', '--snapshot-grace', '0'];
const scene = organisation(['adviseur', 'coach1'], undefined, { args });

/** Writes into the programme until the first thing that a new replica is told is a snapshot. */
async function covered(connection, replica, session) {
  for (let round = 0; round < 200; round += 1) {
    const items = Array.from({ length: round === 0 ? 320 : 1 }, (_, at) =>
      replica.edit((doc) => {
        doc.lang ??= {};
        doc.lang[`${at % 7}`] = `${round} ${at} ✎`;
        doc.lang.telling = `${round}/${at}`;
      }),
    );
    for (let at = 0; at < items.length; at += 256) await connection.store(replica.doc, items.slice(at, at + 256));
    await connection.readTo(replica, replica.cursor + items.length);
    const fresh = session.replica(replica.doc);
    const other = await session.online();
    await other.open(fresh);
    await other.close();
    if (fresh.snapshots > 0) return fresh;
  }
  return assert.fail('no snapshot is served');
}

test('a new replica takes a snapshot and what follows, writes on top of it, and is told what happens', async () => {
  const doc = await scene.adviseur.document('programme');
  const writer = scene.adviseur.replica(doc);
  const connection = await scene.adviseur.online();
  await connection.open(writer);
  const taken = await covered(connection, writer, scene.coach1);
  assert.deepEqual(taken.heads, writer.heads);
  assert.deepEqual(taken.content, writer.content);
  assert.deepEqual(taken.chain, writer.chain);
  taken.audit(await scene.coach1.directory());

  const other = await scene.coach1.online();
  const reader = scene.coach1.replica(doc);
  const { head } = await other.open(reader);
  assert.equal(reader.snapshots, 1);
  await other.store(doc, [reader.edit((it) => { it.bovenop = 'ja'; })]);
  await other.readTo(reader, head + 1);
  await connection.readTo(writer, head + 1);
  assert.deepEqual(writer.content, reader.content);
  assert.equal(writer.content.bovenop, 'ja');
  await Promise.all([connection.close(), other.close()]);
});

test('by HTTP it is read in parts as well, and a part that fits nothing counts as none', async () => {
  const doc = await scene.adviseur.document('programme');
  const session = await Session.signIn(scene.server, 'coach1');
  const read = async (place) => {
    const answer = await session.exchange({ t: 'open', docs: [place] });
    return answer.filter(({ t }) => t === 'snapshot' || t === 'changes');
  };
  const all = await read({ doc, cursor: 0, chain: null });
  assert.equal(all[0].t, 'snapshot');
  const [first, second] = all;
  assert.equal(second.t, 'snapshot', 'more than 256 items are more than one piece');
  const { seq } = first;
  const part = (it) => ({ doc, cursor: 0, chain: null, part: it });
  assert.deepEqual((await read(part({ seq, offset: first.data.length })))[0], second);
  for (const wrong of [{ seq, offset: 1 }, { seq: seq + 1, offset: first.data.length }, { seq: 0, offset: 0 }]) {
    assert.deepEqual((await read(part(wrong)))[0], first);
  }
  const replica = session.replica(doc);
  for (const message of all) {
    if (message.t === 'snapshot') replica.takePiece(message);
    else replica.take(message);
  }
  replica.audit(await session.directory());
});
