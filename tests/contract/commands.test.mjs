// Commands: decided once, answered the same for ever, and refused in words.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { toText } from './client/bytes.mjs';
import { active, organisation, registered } from './client/fixture.mjs';
import { Session, call } from './client/session.mjs';

const scene = organisation(['adviseur', 'coach1', 'coach2', 'trainer', 'beheer']);

const id = () => toText(randomBytes(16));

/** An answer without what differs from request to request. */
const lasting = ({ status, json }) => ({
  status,
  json: json && Object.fromEntries(Object.entries(json).filter(([key]) => !/request|instance/.test(key))),
});

test('the same id again gives the same answer and does nothing twice', async () => {
  const { employee, trajectory } = await registered(scene.server);
  const command = { type: 'share_reflection', trajectory };
  const key = randomBytes(16);
  const first = await employee.command(command, key);
  assert.equal(first.status, 200, first.text);
  const second = await employee.command(command, key);
  assert.deepEqual(lasting(second), lasting(first));
  const { documents } = await employee.directory();
  assert.equal(documents.filter((it) => it.kind === 'reflection' && it.trajectory === trajectory).length, 1);
});

test('the same id with another command is a conflict', async () => {
  const { employee, trajectory } = await registered(scene.server);
  const key = randomBytes(16);
  assert.equal((await employee.command({ type: 'share_reflection', trajectory }, key)).status, 200);
  const answer = await employee.command({ type: 'withdraw_reflection', trajectory }, key);
  assert.equal(answer.status, 409);
  assert.match(answer.headers['content-type'], /^application\/problem\+json/);
});

test('two people may choose the same id', async () => {
  const key = randomBytes(16);
  const one = await registered(scene.server);
  const two = await registered(scene.server);
  assert.equal((await one.employee.command({ type: 'share_reflection', trajectory: one.trajectory }, key)).status, 200);
  assert.equal((await two.employee.command({ type: 'share_reflection', trajectory: two.trajectory }, key)).status, 200);
});

test('a refusal is repeated under its id, also when the command would be accepted by now', async () => {
  const { employee, trajectory } = await registered(scene.server);
  const key = randomBytes(16);
  const refused = await employee.command({ type: 'withdraw_reflection', trajectory }, key);
  assert.equal(refused.status, 409);
  await employee.done({ type: 'share_reflection', trajectory });
  assert.deepEqual(lasting(await employee.command({ type: 'withdraw_reflection', trajectory }, key)), lasting(refused));
  assert.equal((await employee.command({ type: 'withdraw_reflection', trajectory })).status, 200);
});

test('an unknown type is 422, a body that is no command 400 or 422', async () => {
  const unknown = await scene.adviseur.command({ type: 'bake_bread' });
  assert.equal(unknown.status, 422, unknown.text);
  assert.match(unknown.headers['content-type'], /^application\/problem\+json/);
  for (const body of ['{', '[]', { id: 'short', command: { type: 'register' } }, { id: id() }, { command: { type: 'register' } }]) {
    const { status } = await scene.adviseur.call('POST', '/api/commands', { body });
    assert.ok(status === 400 || status === 422, `${JSON.stringify(body)} answered ${status}`);
  }
});

test('nobody without a session and no other site gives commands', async () => {
  const body = { id: id(), command: { type: 'register' } };
  assert.equal((await call(scene.server, 'POST', '/api/commands', { body })).status, 401);
  const headers = { 'sec-fetch-site': 'cross-site' };
  assert.equal((await scene.adviseur.call('POST', '/api/commands', { body, origin: 'https://elders.example', headers })).status, 403);
});

test('a second registration beside an open one is refused', async () => {
  const { employee } = await registered(scene.server);
  const again = await employee.command({ type: 'register' });
  assert.equal(again.status, 409);
  assert.match(again.text, /already_registered/);
});

test('to a person without a part in it, a trajectory that exists and one that does not are the same', async () => {
  const { trajectory, employee, coach, referral } = await active(scene.server);
  const none = id();
  const outsiders = [scene.coach2, scene.trainer, scene.beheer];
  for (const outsider of outsiders) {
    for (const make of [
      (target) => ({ type: 'plan_intake', trajectory: target, at: 1_800_000_000_000 }),
      (target) => ({ type: 'hold_intake', trajectory: target }),
      (target) => ({ type: 'share_reflection', trajectory: target }),
      (target) => ({ type: 'withdraw_reflection', trajectory: target }),
      (target) => ({ type: 'refer', trajectory: target, coach: toText(coach.user) }),
      (target) => ({ type: 'close', trajectory: target, finish: false }),
    ]) {
      const [there, not] = [await outsider.command(make(trajectory)), await outsider.command(make(none))];
      assert.equal(not.status, 404, `${make(none).type}: ${not.text}`);
      assert.deepEqual(lasting(there), lasting(not), make(none).type);
    }
    for (const type of ['accept', 'decline']) {
      assert.deepEqual(
        lasting(await outsider.command({ type, referral })),
        lasting(await outsider.command({ type, referral: none })),
        type,
      );
    }
    if (outsider === scene.beheer) continue;
    const theirs = toText(employee.device.id);
    const revoke = (device) => outsider.command({ type: 'revoke_device', device });
    assert.deepEqual(lasting(await revoke(theirs)), lasting(await revoke(none)));
  }
});

test('the way of a trajectory: registered, planned, held, referred, declined, referred, accepted, closed', async () => {
  const { employee, trajectory } = await registered(scene.server);
  const state = async () => (await employee.directory()).trajectories.find((it) => it.id === trajectory).state;
  assert.equal(await state(), 'registered');
  await scene.adviseur.done({ type: 'plan_intake', trajectory, at: Date.now() + 86_400_000 });
  assert.equal(await state(), 'intake_planned');
  await scene.adviseur.done({ type: 'hold_intake', trajectory });
  assert.equal(await state(), 'intake_held');
  const refer = (coach) => scene.adviseur.command({ type: 'refer', trajectory, coach: toText(coach.user) });
  assert.match((await refer(scene.trainer)).text, /not_a_coach/);
  const { referral } = (await refer(scene.coach2)).json;
  assert.equal(await state(), 'referral_offered');
  assert.match((await refer(scene.coach1)).text, /already_referred/);
  await scene.coach2.done({ type: 'decline', referral });
  assert.equal(await state(), 'route_chosen');
  assert.match((await scene.coach2.command({ type: 'accept', referral })).text, /already_answered/);
  const second = (await refer(scene.coach1)).json.referral;
  await scene.coach1.done({ type: 'accept', referral: second });
  assert.equal(await state(), 'active');
  const mine = (await scene.coach1.directory()).documents.filter((it) => it.trajectory === trajectory);
  const kinds = Object.fromEntries(mine.map(({ kind, access }) => [kind, access]));
  assert.deepEqual(
    { working_notes: kinds.working_notes, shared_notes: kinds.shared_notes, progress: kinds.progress },
    { working_notes: 'write', shared_notes: 'write', progress: 'write' },
  );
  const wrong = await scene.adviseur.command({ type: 'hold_intake', trajectory });
  assert.equal(wrong.status, 409);
  assert.match(wrong.text, /wrong_state/);
  await scene.coach1.done({ type: 'close', trajectory, finish: false });
  assert.equal(await state(), 'closing');
  await scene.adviseur.done({ type: 'close', trajectory, finish: true });
  assert.equal(await state(), 'closed');
});

test('an intake that has been held keeps a shared reflection shared', async () => {
  const { employee, trajectory } = await registered(scene.server);
  await employee.done({ type: 'share_reflection', trajectory });
  await scene.adviseur.done({ type: 'hold_intake', trajectory });
  const answer = await employee.command({ type: 'withdraw_reflection', trajectory });
  assert.equal(answer.status, 409);
  assert.match(answer.text, /intake_held/);
});

test('an administrator revokes another’s device', async () => {
  const lost = await Session.signIn(scene.server, 'coach2');
  await scene.beheer.done({ type: 'revoke_device', device: toText(lost.device.id) });
  assert.equal((await lost.call('GET', '/api/directory')).status, 401);
});
