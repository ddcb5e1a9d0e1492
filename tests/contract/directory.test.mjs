// The directory: everything about who and what that one person may know, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromText, toText } from './client/bytes.mjs';
import { deviceId } from './client/device.mjs';
import { active, organisation } from './client/fixture.mjs';
import { Session, call } from './client/session.mjs';

const scene = organisation(['adviseur', 'coach1', 'trainer', 'beheer', 'medewerker1']);

test('without a session there is no directory', async () => {
  assert.equal((await call(scene.server, 'GET', '/api/directory')).status, 401);
});

test('ids are base64url without padding, and the version is the ETag without its quotes', async () => {
  const { json, headers } = await scene.adviseur.call('GET', '/api/directory');
  assert.equal(typeof json.version, 'string');
  assert.equal(headers.etag.replace(/^W\//, ''), `"${json.version}"`);
  assert.deepEqual(fromText(json.me), scene.adviseur.user);
  const ids = [json.me, ...['people', 'devices', 'documents', 'trajectories'].flatMap((list) => json[list].map(({ id }) => id))];
  for (const id of ids) assert.match(id, /^[\w-]{22}$/);
});

test('what has not changed is not sent again', async () => {
  const { headers } = await scene.coach1.call('GET', '/api/directory');
  const again = await scene.coach1.call('GET', '/api/directory', { headers: { 'if-none-match': headers.etag } });
  assert.equal(again.status, 304);
  assert.equal(again.raw.length, 0);
  const other = await scene.coach1.call('GET', '/api/directory', { headers: { 'if-none-match': '"iets anders"' } });
  assert.equal(other.status, 200);
});

test('each device stands there with the key that its id is made of', async () => {
  for (const name of ['adviseur', 'coach1', 'medewerker1']) {
    const { devices } = await scene[name].directory();
    assert.ok(devices.some(({ id }) => id.equals(scene[name].device.id)), `${name}: own device missing`);
    for (const { id, public_key: key, revoked } of devices) {
      assert.deepEqual(deviceId(key), id);
      assert.equal(typeof revoked, 'boolean');
    }
  }
});

test('names and moments of devices are told to their owner alone', async () => {
  const { devices } = await scene.adviseur.directory();
  for (const { user, name, last_seen: seen } of devices) {
    if (!user.equals(scene.adviseur.user)) assert.deepEqual([name, seen], [undefined, undefined]);
  }
});

test('every role is given the kinds of its own documents', async () => {
  const kinds = async (name) => new Set((await scene[name].directory()).documents.map(({ kind }) => kind));
  assert.deepEqual(await kinds('beheer'), new Set(['reflection_draft']));
  const trainer = await kinds('trainer');
  assert.ok(trainer.has('programme') && trainer.has('practice'));
  for (const kind of ['intake', 'working_notes', 'shared_notes', 'progress', 'reflection']) assert.ok(!trainer.has(kind), kind);
  const adviser = await kinds('adviseur');
  for (const kind of ['intake', 'progress', 'coach_profile', 'programme', 'practice']) assert.ok(adviser.has(kind), kind);
  for (const kind of ['working_notes', 'shared_notes']) assert.ok(!adviser.has(kind), kind);
  const coach = await kinds('coach1');
  for (const kind of ['intake']) assert.ok(!coach.has(kind), kind);
});

test('access in the directory is read or write, as the table says', async () => {
  const access = async (name, kind) => (await scene[name].directory()).documents.find((it) => it.kind === kind).access;
  assert.equal(await access('adviseur', 'practice'), 'write');
  assert.equal(await access('coach1', 'practice'), 'read');
  assert.equal(await access('trainer', 'practice'), 'read');
  assert.equal(await access('coach1', 'programme'), 'write');
  assert.equal(await access('adviseur', 'progress'), 'read');
});

test('an intake is written until its trajectory is closed, and read from then on', async () => {
  const { documents, trajectories } = await scene.adviseur.directory();
  for (const { access, trajectory } of documents.filter(({ kind }) => kind === 'intake')) {
    const { state } = trajectories.find(({ id }) => id === trajectory);
    assert.equal(access, ['closed', 'retained'].includes(state) ? 'read' : 'write', state);
  }
});

test('an employee knows her own trajectory and no other', async () => {
  const { trajectories, people } = await scene.medewerker1.directory();
  for (const { employee } of trajectories) assert.equal(employee, toText(scene.medewerker1.user));
  assert.ok(people.length < 12, 'an employee is told of many people');
});

test('the version moves with what it says, and with nothing else', async () => {
  const version = async (session) => (await session.directory()).version;
  const before = await version(scene.trainer);
  assert.equal(await version(scene.trainer), before);
  const { coach, trajectory, adviser } = await active(scene.server);
  const seen = await version(adviser);
  await coach.done({ type: 'close', trajectory, finish: false });
  assert.notEqual(await version(adviser), seen);
  const fresh = await Session.signIn(scene.server, 'trainer');
  assert.notEqual(await version(fresh), before, 'a new device of one’s own is news');
});
