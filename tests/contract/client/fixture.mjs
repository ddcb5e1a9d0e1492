// What most suites need: a demo organisation of their own, and the people who share its documents.
import { randomBytes } from 'node:crypto';
import { after, before } from 'node:test';
import { toText } from './bytes.mjs';
import { Server } from './server.mjs';
import { Session } from './session.mjs';

/**
 * A server for the tests of one file. `names` are signed in, each on a device of its own, and stand in the result
 * under the part before the `@`; then `prepare` does what all tests of the file need. One hook for all of it: hooks
 * of a file do not wait for each other.
 */
export function organisation(names, prepare = async () => {}, options = {}) {
  const scene = {};
  before(async () => {
    scene.server = await Server.start(options);
    for (const name of names) scene[name] = await Session.signIn(scene.server, name);
    await prepare(scene);
  });
  after(() => scene.server?.remove());
  return scene;
}

/** A document id that nobody has ever used. */
export const nowhere = () => randomBytes(16);

const turns = new WeakMap();

/** Employees whom the coaches of these tests (1, 2 and 6) may coach: of another unit, not managed by them, not unwilling. */
const FREE = [2, 3, 7, 8, 9, 10, 12].map((number) => `medewerker${number}`);
const ROUNDS = 5;

/** Leads a trajectory to its end, from any state in which no coach is about to answer. */
async function end(server, { id: trajectory, state }) {
  const adviser = await Session.signIn(server, 'adviseur');
  if (state === 'registered' || state === 'intake_planned') await adviser.done({ type: 'hold_intake', trajectory });
  if (state !== 'active' && state !== 'closing') {
    const coach = await Session.signIn(server, 'coach6');
    const { referral } = await adviser.done({ type: 'refer', trajectory, coach: toText(coach.user) });
    await coach.done({ type: 'accept', referral });
  }
  if (state !== 'closing') await adviser.done({ type: 'close', trajectory, finish: false });
  await adviser.done({ type: 'close', trajectory, finish: true });
}

/** A freshly registered employee, another one each time: `{employee, trajectory}`. */
export async function registered(server) {
  for (let turn = turns.get(server) ?? 0; turn < ROUNDS * FREE.length; turn += 1) {
    turns.set(server, turn + 1);
    const employee = await Session.signIn(server, FREE[turn % FREE.length]);
    const answer = await employee.command({ type: 'register' });
    if (answer.status === 200) return { employee, trajectory: answer.json.trajectory };
    // From the second round on the trajectories that can be ended make room.
    if (turn < FREE.length) continue;
    const { trajectories } = await employee.directory();
    const open = trajectories.find(({ state }) => !['referral_offered', 'closed', 'retained', 'destroyed'].includes(state));
    if (!open) continue;
    await end(server, open);
    const { trajectory } = await employee.done({ type: 'register' });
    return { employee, trajectory };
  }
  throw new Error('no employee of the demo can register');
}

/** A trajectory that a coach has accepted: `{employee, trajectory, coach, adviser}`, all on new devices. */
export async function active(server) {
  const { employee, trajectory } = await registered(server);
  const adviser = await Session.signIn(server, 'adviseur');
  const coach = await Session.signIn(server, 'coach1');
  await adviser.done({ type: 'hold_intake', trajectory });
  const { referral } = await adviser.done({ type: 'refer', trajectory, coach: toText(coach.user) });
  await coach.done({ type: 'accept', referral });
  return { employee, trajectory, coach, adviser, referral };
}
