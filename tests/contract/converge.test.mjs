// 500 mixed changes of three devices, over sockets and HTTP, online and off: one log, one chain, one document.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as automerge from '@automerge/automerge';
import { organisation } from './client/fixture.mjs';

const scene = organisation(['adviseur', 'coach1', 'trainer', 'coach2']);

const PER_DEVICE = [167, 167, 166];

/** A small generator, so that a failing run can be repeated: the seed is in the test's name. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One edit of one of many kinds: text, list, map, counter, deletion. */
function edit(replica, pick) {
  return replica.edit((doc) => {
    doc.proef ??= {};
    // Whatever else happens, every edit is a change.
    doc.proef[`laatst ${replica.device.id.toString('hex')}`] = replica.own.size;
    const place = `v${pick(9)}`;
    switch (pick(6)) {
      case 0:
        doc.proef[place] = `${replica.device.id.toString('hex').slice(0, 4)} ${pick(1_000)} ✎`;
        break;
      case 1:
        doc.lijst ??= [];
        doc.lijst.push({ id: pick(100_000), klaar: false });
        break;
      case 2:
        if (doc.lijst?.length) doc.lijst.splice(pick(doc.lijst.length), 1);
        else doc.proef.leeg = true;
        break;
      case 3:
        doc.tekst ??= '';
        automerge.splice(doc, ['tekst'], pick(doc.tekst.length + 1), 0, 'ë🙂 woord ');
        break;
      case 4:
        if (doc.tekst?.length > 4) automerge.splice(doc, ['tekst'], pick(doc.tekst.length - 2), 1);
        else doc.proef[place] = pick(50);
        break;
      default:
        delete doc.proef[place];
        doc.proef.teller = (doc.proef.teller ?? 0) + 1;
    }
  });
}

const SEED = 20_261_123;

test(`500 changes of three devices leave one whole chain and equal documents (seed ${SEED})`, async () => {
  const pick = random(SEED);
  const people = [scene.adviseur, scene.coach1, scene.trainer];
  const doc = await scene.adviseur.document('programme');
  const sides = [];
  for (const [at, session] of people.entries()) {
    const connection = await session.online();
    const replica = session.replica(doc);
    await connection.open(replica);
    sides.push({ session, connection, replica, left: PER_DEVICE[at], unacked: new Map(), held: [], online: true });
  }
  const start = sides[0].replica.cursor;

  /** Takes in whatever has come; `wait` for at least one message. */
  const drain = async (side, wait = false) => {
    while (wait || side.connection.received.length > 0) {
      const message = await side.connection.next();
      if (message.t === 'ack') side.unacked.delete(message.id);
      else side.replica.take(message);
      if (wait) return;
    }
  };
  const push = (side, items) => side.unacked.set(side.connection.push(doc, items), items.length);

  while (sides.some(({ left }) => left > 0)) {
    const side = sides[pick(sides.length)];
    if (side.left > 0) {
      side.held.push(edit(side.replica, pick));
      side.left -= 1;
    }
    const turn = pick(20);
    if (side.online && turn < 14) {
      if (side.held.length > 0) push(side, side.held.splice(0));
      await drain(side);
    } else if (side.online && turn === 14) {
      // Off the network in the middle of everything: some pushes are never answered.
      side.connection.socket.terminate();
      await side.connection.closed;
      side.online = false;
    } else if (!side.online && turn >= 15 && turn < 18) {
      await comeBack(side);
    } else if (!side.online && turn === 18 && side.held.length > 0) {
      await side.session.exchange({ t: 'push', id: 1, doc, items: side.replica.items.length ? owed(side) : [] });
    }
  }

  /** Everything of its own that this side has not seen in the log. */
  function owed({ replica }) {
    return [...replica.own.values()].map((data) => replica.device.item(doc, data)).filter(({ hash }) => !replica.has(hash)).slice(0, 256);
  }

  async function comeBack(side) {
    side.connection = await side.session.online();
    side.unacked.clear();
    side.held = [];
    side.online = true;
    await side.connection.open(side.replica);
    const items = owed(side);
    if (items.length > 0) push(side, items);
  }

  for (const side of sides) {
    if (!side.online) await comeBack(side);
    if (side.held.length > 0) push(side, side.held.splice(0));
  }
  for (const side of sides) {
    while (side.unacked.size > 0 || side.replica.cursor < start + 500) await drain(side, true);
    await side.connection.quiet();
  }

  const fresh = scene.coach2.replica(doc);
  const reading = await scene.coach2.online();
  const { head } = await reading.open(fresh);
  assert.equal(head, start + 500);
  fresh.audit(await scene.coach2.directory());
  for (const { replica } of sides) {
    assert.deepEqual(replica.chain, fresh.chain);
    assert.deepEqual(replica.heads, fresh.heads);
    assert.deepEqual(replica.content, fresh.content);
  }
  const overHttp = scene.coach2.replica(doc);
  await scene.coach2.read(overHttp);
  assert.deepEqual(overHttp.chain, fresh.chain);
  for (const { connection } of [...sides, { connection: reading }]) await connection.close();
});
