// Signing in: the password, the proof of the device's key, the session, and what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromText } from './client/bytes.mjs';
import { Device, deviceId } from './client/device.mjs';
import { organisation } from './client/fixture.mjs';
import { Server } from './client/server.mjs';
import { Session, call, challenge, signInBody } from './client/session.mjs';

const scene = organisation([]);

const attempt = async (name, device, spoil) =>
  call(scene.server, 'POST', '/api/session', { body: await signInBody(scene.server, name, device, spoil) });

function assertProblem(answer, status) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers['content-type'], /^application\/problem\+json/);
  assert.equal(answer.headers['set-cookie'], undefined);
}

test('a challenge is 32 bytes and new each time', async () => {
  const [one, two] = [await challenge(scene.server), await challenge(scene.server)];
  assert.equal(one.length, 32);
  assert.notDeepEqual(one, two);
});

test('signing in names the person, the device that belongs to the key, and her roles', async () => {
  const device = new Device();
  const answer = await attempt('adviseur', device);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(fromText(answer.json.user).length, 16);
  assert.deepEqual(fromText(answer.json.device), deviceId(device.publicKey));
  assert.equal(typeof answer.json.name, 'string');
  assert.ok(answer.json.roles.includes('career_adviser') && answer.json.roles.includes('employee'));
});

test('the cookie cannot be read by the page nor sent by another site', async () => {
  const answer = await attempt('adviseur', new Device());
  const cookies = answer.headers['set-cookie'];
  assert.equal(cookies.length, 1);
  const [pair, ...attributes] = cookies[0].split(';').map((part) => part.trim().toLowerCase());
  assert.match(pair, /^loopbaanmaat=[\w-]{43,}$/);
  assert.ok(attributes.includes('httponly'));
  assert.ok(attributes.includes('samesite=lax'));
  assert.ok(attributes.includes('path=/'));
});

test('GET /api/session says who, and 401 without a session', async () => {
  const session = await Session.signIn(scene.server, 'coach1');
  const { status, json } = await session.call('GET', '/api/session');
  assert.equal(status, 200);
  assert.deepEqual(fromText(json.user), session.user);
  assert.deepEqual(fromText(json.device), session.device.id);
  assert.deepEqual(json.roles, session.roles);
  assertProblem(await call(scene.server, 'GET', '/api/session'), 401);
  assertProblem(await call(scene.server, 'GET', '/api/session', { cookie: `loopbaanmaat=${'A'.repeat(43)}` }), 401);
});

test('DELETE /api/session signs out', async () => {
  const session = await Session.signIn(scene.server, 'coach1');
  assert.equal((await session.call('DELETE', '/api/session')).status, 204);
  assertProblem(await session.call('GET', '/api/session'), 401);
  assertProblem(await session.call('GET', '/api/directory'), 401);
});

test('the same key is the same device, also at the next sign-in', async () => {
  const device = new Device();
  const first = await Session.signIn(scene.server, 'coach2', device);
  const second = await Session.signIn(scene.server, 'coach2', device.copy());
  assert.notEqual(first.cookie, second.cookie);
  const { devices } = await second.directory();
  assert.equal(devices.filter(({ id }) => id.equals(device.id)).length, 1);
});

test('a wrong password and an unknown person get the same answer', async () => {
  const wrong = await attempt('coach3', new Device(), { password: 'demo-loopbaanmaaT' });
  const unknown = await attempt('niemand', new Device());
  assertProblem(wrong, 401);
  assertProblem(unknown, 401);
  const plain = ({ json }) => Object.fromEntries(Object.entries(json).filter(([key]) => !/request|instance/.test(key)));
  assert.deepEqual(plain(wrong), plain(unknown));
});

test('a proof by another key, over another text, or over a foreign challenge is refused', async () => {
  const device = new Device();
  const issued = await challenge(scene.server);
  const cases = [
    { proof: new Device().prove(issued), challenge: issued },
    { proof: Buffer.alloc(64) },
    { challenge: Buffer.alloc(32, 7) },
    { proof: device.signature(Buffer.alloc(16), issued) },
  ];
  for (const spoil of cases) assertProblem(await attempt('coach4', device, spoil), 401);
});

test('a key of small order is refused', async () => {
  const small = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
  const { status } = await attempt('coach4', new Device(), { publicKey: small, proof: Buffer.concat([small, Buffer.alloc(32)]) });
  assert.ok(status >= 400 && status < 500, `answered ${status}`);
});

test('a challenge serves once', async () => {
  const device = new Device();
  const body = await signInBody(scene.server, 'coach5', device);
  assert.equal((await call(scene.server, 'POST', '/api/session', { body })).status, 200);
  assertProblem(await call(scene.server, 'POST', '/api/session', { body }), 401);
});

test('a key of another person is a conflict', async () => {
  const device = new Device();
  await Session.signIn(scene.server, 'coach5', device);
  assertProblem(await attempt('coach6', device), 409);
});

test('a body that is no sign-in is refused as such', async () => {
  for (const body of ['', '{', '[]', '{"email":1}', 'null']) {
    const { status, headers } = await call(scene.server, 'POST', '/api/session', { body });
    assert.ok(status === 400 || status === 422, `${body} answered ${status}`);
    assert.match(headers['content-type'], /^application\/problem\+json/);
  }
  assertProblem(await call(scene.server, 'POST', '/api/session', { body: ' '.repeat(2_000_000) }), 413);
});

test('another site cannot sign in or out', async () => {
  const session = await Session.signIn(scene.server, 'coach1');
  const origin = 'https://elders.example';
  const headers = { 'sec-fetch-site': 'cross-site' };
  assertProblem(await session.call('DELETE', '/api/session', { origin, headers }), 403);
  const body = await signInBody(scene.server, 'coach1', new Device());
  assertProblem(await call(scene.server, 'POST', '/api/session', { body, origin, headers }), 403);
  assert.equal((await session.call('GET', '/api/session')).status, 200);
});

test('guessing is slowed down, with the same answer for a person who does not exist', async () => {
  const server = await Server.start();
  try {
    for (const name of ['medewerker3', 'niemand']) {
      let answer;
      for (let round = 0; round < 40 && answer?.status !== 429; round += 1) {
        const body = await signInBody(server, name, new Device(), { password: `gok-${round}` });
        answer = await call(server, 'POST', '/api/session', { body });
        assert.ok([401, 429].includes(answer.status), answer.text);
      }
      assertProblem(answer, 429);
      assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
    }
  } finally {
    await server.remove();
  }
});

test('keys and proofs of another length are refused', async () => {
  for (const spoil of [{ publicKey: Buffer.alloc(31) }, { proof: Buffer.alloc(63) }, { publicKey: Buffer.alloc(0) }]) {
    const { status } = await attempt('coach6', new Device(), spoil);
    assert.ok([400, 401, 422].includes(status), `answered ${status}`);
  }
});
