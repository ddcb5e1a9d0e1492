// Logs carry ids: a day's work with everything logged that can be leaves no name, address, secret or sentence in them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toText } from './client/bytes.mjs';
import { Device } from './client/device.mjs';
import { organisation, registered } from './client/fixture.mjs';
import { exchange } from './client/server.mjs';
import { PASSWORD, Session, call, signInBody } from './client/session.mjs';

const scene = organisation(['adviseur', 'coach1', 'beheer'], undefined, { args: ['--log', 'trace'] });

const SENTENCE = 'Heimwee naar de vuurtoren van Vlieland';
const WRONG = 'schuimkraag paraplu zeventien';
const STRANGER = 'onbekende.bezoeker@elders.example';

test('nothing that is said, and nobody, is found in the log, whatever it is told to log', async () => {
  const { server, adviseur, coach1, beheer } = scene;
  const { employee, trajectory } = await registered(server);
  const secrets = new Map([
    ['the password', PASSWORD],
    ['a wrong password', WRONG],
    ['the address of nobody', STRANGER],
    ['the sentence', SENTENCE],
  ]);
  // What is refused: a wrong password, an address of nobody, bodies that are none, a forged cookie, paths with secrets.
  for (const name of ['coach2', STRANGER]) {
    const body = await signInBody(server, name, new Device(), { password: WRONG });
    assert.equal((await call(server, 'POST', '/api/session', { body })).status, 401);
  }
  assert.equal((await call(server, 'POST', '/api/session', { body: `{"password": "${WRONG}", "email": ` })).status, 400);
  const forged = 'c'.repeat(43);
  secrets.set('a forged token', forged);
  assert.equal((await call(server, 'GET', '/api/session', { cookie: `loopbaanmaat=${forged}` })).status, 401);
  assert.equal((await call(server, 'GET', `/api/documents/${encodeURIComponent(SENTENCE)}/readers`)).status, 401);
  assert.equal((await employee.command({ type: 'bake_bread', note: SENTENCE })).status, 422);

  // What is done: a sentence pushed over both ways, read by another device, decisions, a revoked device, a sign-out.
  const draft = await employee.document('reflection_draft');
  const replica = employee.replica(draft);
  await employee.read(replica);
  const connection = await employee.online();
  const write = (words) => replica.edit((doc) => (doc.log = words));
  const items = [write(SENTENCE), write(`${SENTENCE} twee`)];
  await employee.exchange({ t: 'push', id: 1, doc: draft, items: [items[0]] });
  await connection.store(draft, [items[1]]);
  connection.send({ t: 'presence', doc: draft, data: Buffer.from(SENTENCE) });
  await adviseur.done({ type: 'plan_intake', trajectory, at: 1_800_000_000_000 });
  await coach1.directory();
  const other = await Session.signIn(server, 'coach1');
  await coach1.done({ type: 'revoke_device', device: toText(other.device.id) });
  await other.sync('nothing');
  const { people } = await beheer.directory();
  await employee.call('DELETE', '/api/session');
  await exchange(`${server.base}/${encodeURIComponent(SENTENCE)}`);

  for (const session of [adviseur, coach1, beheer, employee, other]) {
    secrets.set('a session', session.cookie.split('=')[1]);
    assert.ok(!server.log.includes(session.cookie.split('=')[1]), 'a session in the log');
  }
  for (const { name } of people) secrets.set(name, name);
  for (const name of ['adviseur', 'coach1', 'coach2', 'beheer', 'medewerker1']) secrets.set(name, `${name}@demo.example`);

  assert.match(server.log, /DEBUG|TRACE/, 'nothing is logged in detail, so nothing is shown');
  const log = server.log.toLowerCase();
  const forms = (text) => [text, encodeURIComponent(text), Buffer.from(text).toString('base64').slice(0, -4), Buffer.from(text).toString('hex')];
  const found = [...secrets].filter(([, text]) => forms(text).some((form) => log.includes(form.toLowerCase())));
  const line = (text) => server.log.split('\n').find((it) => forms(text).some((form) => it.toLowerCase().includes(form.toLowerCase())));
  assert.deepEqual(found.map(([what, text]) => `${what}: ${line(text)}`), [], 'in the log');
});
