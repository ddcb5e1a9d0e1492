// Signing in at the organisation's own provider: a real one, and behind its door what none would give out.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { toText } from './client/bytes.mjs';
import { Device } from './client/device.mjs';
import { CLIENT_ID, CLIENT_SECRET, LABEL, Provider, claimsOf, signed } from './client/provider.mjs';
import { Server, binary } from './client/server.mjs';
import { Session, call, challenge, signInBody } from './client/session.mjs';
import { UserAgent } from './client/user-agent.mjs';

let provider;
let server;
let folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'loopbaanmaat-secret-'));
  writeFileSync(join(folder, 'secret'), `${CLIENT_SECRET}\n`);
  provider = await Provider.start();
  server = await Server.start({ args: provider.args(join(folder, 'secret'), ['--oidc-new-accounts']) });
  provider.serve(server.base);
});
after(async () => {
  await server?.remove();
  await provider?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = () => `${server.base}/api/oidc/start`;
const isCallback = (url) => url.startsWith(`${server.base}/api/oidc/callback`);
const offer = async (agent) => (await agent.fetch(`${server.base}/api/oidc`)).json;

/** Goes to the provider and comes back; what the page is then told. */
async function visit(agent = new UserAgent()) {
  const { url, answer } = await agent.go(start(), { stop: (at) => at === `${server.base}/` });
  assert.equal(url, `${server.base}/`, answer?.text);
  return { agent, ...(await offer(agent)) };
}

/** The device shows its key, in the browser that came back. */
async function finish(agent, device = new Device()) {
  const proof = toText(device.prove(await challenge(server)));
  const body = { provider: true, device: { name: 'contract', public_key: toText(device.publicKey), proof } };
  const headers = { 'content-type': 'application/json', origin: server.base };
  const answer = await agent.fetch(`${server.base}/api/session`, { method: 'POST', body: JSON.stringify(body), headers });
  return { device, answer };
}

/** The whole way. */
async function signIn(agent = new UserAgent(), device = new Device()) {
  const visited = await visit(agent);
  assert.deepEqual([visited.ready, visited.failed], [true, undefined]);
  const { answer } = await finish(agent, device);
  assert.equal(answer.status, 200, answer.text);
  const session = new Session(server, device, { json: answer.json, headers: { 'set-cookie': answer.headers['set-cookie'].filter((it) => it.startsWith('loopbaanmaat=')) } });
  return { agent, session, user: answer.json.user, roles: answer.json.roles, name: answer.json.name };
}

const command = (...args) => execFileSync(binary(), [...args, '--data', server.data], { encoding: 'utf8' });
const addressOf = (name) => command('user', 'list').split('\n').find((line) => line.split('\t')[1] === name)?.split('\t')[0];

let strangers = 0;

async function refused(fault, code = 'untrue') {
  strangers += 1;
  const name = `Fout ${strangers}`;
  provider.person(`fout${strangers}`, { name, email: `fout${strangers}@voorbeeld.example` });
  provider.fault = fault;
  const visited = await visit();
  provider.fault = undefined;
  assert.deepEqual([visited.ready, visited.failed], [false, code]);
  assert.equal(addressOf(name), undefined);
  const { answer } = await finish(visited.agent);
  assert.deepEqual([answer.status, answer.json.code], [401, 'no_ticket']);
  assert.equal((await offer(visited.agent)).failed, undefined, 'it is told once');
}

test('who is new gets an account with the roles that the provider says, and a session once her device shows its key', async () => {
  provider.person('p1', { name: 'Petra Nieuw', email: 'petra@voorbeeld.example', email_verified: true, groups: ['coaches', 'anders'] });
  const agent = new UserAgent();
  assert.deepEqual(await offer(agent), { label: LABEL, ready: false });
  assert.equal((await visit(agent)).ready, true);
  const { device, answer } = await finish(agent);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual([answer.json.name, answer.json.roles], ['Petra Nieuw', ['employee', 'internal_coach']]);
  assert.equal(addressOf('Petra Nieuw'), 'petra@voorbeeld.example');
  // What a browser has by now opens nothing a second time.
  assert.equal((await offer(agent)).ready, false);
  const again = await finish(agent);
  assert.deepEqual([again.answer.status, again.answer.json.code], [401, 'no_ticket']);
  const session = new Session(server, device, { json: answer.json, headers: answer.headers });
  assert.ok(session.cookie.startsWith('loopbaanmaat='));
  const { documents } = await session.directory();
  assert.deepEqual(documents.map(({ kind }) => kind).filter((kind) => kind === 'coach_profile' || kind === 'reflection_draft').sort(), ['coach_profile', 'reflection_draft']);
});

test('nobody can sign in with a password to an account that has none', async () => {
  for (const password of ['', 'demo-loopbaanmaat']) {
    const body = await signInBody(server, 'petra@voorbeeld.example', new Device(), { password });
    assert.equal((await call(server, 'POST', '/api/session', { body })).status, 401);
  }
});

test('a ticket serves the browser that came back and no other, and a device of somebody else leaves it', async () => {
  provider.person('p1', { name: 'Petra Nieuw', email: 'petra@voorbeeld.example', groups: ['coaches'] });
  const { agent } = await visit();
  const stranger = await finish(new UserAgent());
  assert.equal(stranger.answer.json.code, 'no_ticket');
  const others = await Session.signIn(server, 'medewerker1');
  assert.equal((await finish(agent, others.device)).answer.status, 409);
  assert.equal((await finish(agent)).answer.status, 200);
});

const inThePast = () => Math.floor(Date.now() / 1000) - 3_600;

for (const [what, fault] of Object.entries({
  'of another issuer': (claims) => signed({ ...claims, iss: 'http://127.0.0.1:1' }, { key: provider.key }),
  'with another nonce': (claims) => signed({ ...claims, nonce: 'een-andere' }, { key: provider.key }),
  'without a nonce': ({ nonce, ...claims }) => signed(claims, { key: provider.key }),
  'that has expired': (claims) => signed({ ...claims, exp: inThePast() }, { key: provider.key }),
  'from the future': (claims) => signed({ ...claims, iat: claims.iat + 3_600, exp: claims.exp + 3_600 }, { key: provider.key }),
  'for another audience': (claims) => signed({ ...claims, aud: 'een-ander' }, { key: provider.key }),
  'for another audience too': (claims) => signed({ ...claims, aud: [CLIENT_ID, 'een-ander'] }, { key: provider.key }),
  'signed with another key': (claims) => signed(claims, { key: provider.strange }),
  'with a signature of something else': (claims, token) => `${token.split('.')[0]}.${signed({ ...claims, sub: 'p1' }, {}).split('.')[1]}.${token.split('.')[2]}`,
  'without a signature': (claims) => signed(claims, {}),
  'signed with what the client knows': (claims) => signed(claims, { secret: CLIENT_SECRET }),
  'that is none': () => 'geen.geldig.token',
})) {
  test(`a token ${what} names nobody`, () => refused(fault));
}

test('a provider that says it is another one is not used', async () => {
  const other = await Provider.start();
  other.metadata = (metadata) => ({ ...metadata, issuer: 'http://127.0.0.1:1' });
  const strange = await Server.start({ args: other.args(join(folder, 'secret')) });
  other.serve(strange.base);
  try {
    const agent = new UserAgent();
    const { url } = await agent.go(`${strange.base}/api/oidc/start`, { stop: (at) => at === `${strange.base}/` });
    assert.equal(url, `${strange.base}/`);
    const { json } = await agent.fetch(`${strange.base}/api/oidc`);
    assert.equal(json.failed, 'unreachable');
  } finally {
    await strange.remove();
    await other.stop();
  }
});

test('a code, a state and a browser belong together, and each serves once', async () => {
  provider.person('p1', { name: 'Petra Nieuw', email: 'petra@voorbeeld.example', groups: ['coaches'] });
  const agent = new UserAgent();
  const { url: first } = await agent.go(start(), { stop: isCallback });
  const failed = async (who, url) => {
    const { answer } = { answer: await who.fetch(url) };
    assert.equal(answer.status, 303);
    return (await offer(who)).failed;
  };
  // In another browser, which has begun one of its own.
  const other = new UserAgent();
  await other.go(start(), { stop: isCallback });
  assert.equal(await failed(other, first), 'not_begun');
  // And with that it has been used up.
  assert.equal(await failed(agent, first), 'not_begun');

  const { url: second } = await agent.go(start(), { stop: isCallback });
  assert.equal((await agent.fetch(second)).status, 303);
  assert.deepEqual(await offer(agent), { label: LABEL, ready: true });
  assert.equal((await finish(agent)).answer.status, 200);
  // The same address again: its state is used up.
  assert.equal(await failed(agent, second), 'not_begun');
  // The code again, with the state of another one under way.
  const { url: third } = await agent.go(start(), { stop: isCallback });
  const replayed = new URL(third);
  replayed.searchParams.set('code', new URL(second).searchParams.get('code'));
  assert.equal(await failed(agent, replayed.href), 'untrue');
  // Another provider's answer.
  const { url: fourth } = await agent.go(start(), { stop: isCallback });
  const elsewhere = new URL(fourth);
  elsewhere.searchParams.set('iss', 'http://127.0.0.1:1');
  assert.equal(await failed(agent, elsewhere.href), 'untrue');
  // The person said no.
  const { url: fifth } = await agent.go(start(), { stop: isCallback });
  const state = new URL(fifth).searchParams.get('state');
  assert.equal(await failed(agent, `${server.base}/api/oidc/callback?error=access_denied&state=${state}`), 'declined');
  assert.equal(await failed(agent, `${server.base}/api/oidc/callback`), 'not_begun');
});

test('a page of another site cannot begin a sign-in', async () => {
  const agent = new UserAgent();
  const headers = { 'sec-fetch-site': 'cross-site' };
  assert.equal((await agent.fetch(start(), { headers })).status, 403);
  assert.equal((await agent.fetch(start(), { headers: { host: 'evil.example' } })).status, 403);
});

test('an address that changes at the provider is the same person', async () => {
  provider.person('p2', { name: 'Ouafa Oud', email: 'ouafa@voorbeeld.example', groups: [] });
  const first = await signIn();
  provider.person('p2', { name: 'Ouafa Nieuw', email: 'ouafa.nieuw@voorbeeld.example', groups: [] });
  const second = await signIn();
  assert.equal(second.user, first.user);
  assert.deepEqual([second.name, addressOf('Ouafa Nieuw')], ['Ouafa Nieuw', 'ouafa.nieuw@voorbeeld.example']);
  // That of somebody else stays that person's, and so does one that the provider has not seen to be hers.
  for (const email of [{ email: 'ADVISEUR@demo.example' }, { email: 'nep@voorbeeld.example', email_verified: false }]) {
    provider.person('p2', { name: 'Ouafa Nieuw', groups: [], ...email });
    assert.equal((await signIn()).user, first.user);
    assert.equal(addressOf('Ouafa Nieuw'), 'ouafa.nieuw@voorbeeld.example');
  }
});

test('an address that is given to somebody else lets her into nothing of the one before', async () => {
  provider.person('p3', { name: 'Iemand Anders', email: 'ouafa.nieuw@voorbeeld.example', groups: ['hr'] });
  const visited = await visit();
  assert.deepEqual([visited.ready, visited.failed], [false, 'email_taken']);
  assert.equal((await finish(visited.agent)).answer.status, 401);
  // Nor into an account with a password.
  provider.person('p3', { name: 'Iemand Anders', email: 'Beheer@demo.example', groups: ['hr'] });
  assert.equal((await visit()).failed, 'email_taken');
  assert.equal(addressOf('Iemand Anders'), undefined);
  // But where an administrator has said who she is.
  command('user', 'link-provider', 'medewerker2@demo.example', 'p3', '--oidc-issuer', provider.issuer);
  const { roles } = await signIn();
  assert.deepEqual(roles, ['employee', 'career_adviser']);
  assert.equal(addressOf('Iemand Anders'), 'medewerker2@demo.example');
});

test('a role that is taken away at the provider is gone here at once, on an open connection too', async () => {
  command('user', 'link-provider', 'adviseur@demo.example', 'p4', '--oidc-issuer', provider.issuer);
  const name = 'Noor Roelofs';
  provider.person('p4', { name, email: 'adviseur@demo.example', groups: ['hr'] });
  const { session } = await signIn();
  const doc = await session.document('intake');
  const connection = await session.online();
  connection.send({ t: 'open', docs: [{ doc, cursor: 0, chain: null }] });
  await connection.expect('opened');
  await connection.expect('changes');
  provider.person('p4', { name, email: 'adviseur@demo.example', groups: [] });
  const { roles } = await signIn();
  assert.deepEqual(roles, ['employee']);
  const gone = await connection.expect('gone');
  assert.deepEqual(Buffer.from(gone.doc), doc);
  assert.ok(!(await session.directory()).documents.some(({ kind }) => kind === 'intake'));
  await connection.close();
});

test('signing out here ends the session at the provider too', async () => {
  provider.person('p5', { name: 'Ria Uit', email: 'ria@voorbeeld.example', groups: [] });
  const { agent, session } = await signIn();
  const logins = provider.logins;
  // Its session is there: nobody is asked anything.
  assert.equal((await visit(agent)).ready, true);
  assert.equal(provider.logins, logins);
  const out = await agent.fetch(`${server.base}/api/session`, { method: 'DELETE', headers: { origin: server.base } });
  assert.equal(out.status, 200, out.text);
  assert.equal((await session.call('GET', '/api/session')).status, 401);
  const end = new URL(out.json.provider);
  assert.equal(end.origin, provider.issuer);
  assert.equal(end.searchParams.get('post_logout_redirect_uri'), `${server.base}/`);
  assert.equal(claimsOf(end.searchParams.get('id_token_hint')).sub, 'p5');
  // The provider asks once more, as its standard says.
  const { answer } = await agent.go(end.href);
  const xsrf = /name="xsrf" value="(\w+)"/.exec(answer.text)[1];
  const form = { method: 'POST', body: `xsrf=${xsrf}&logout=yes`, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  const confirmed = await agent.fetch(`${provider.issuer}/session/end/confirm`, form);
  assert.equal(confirmed.headers.location, `${server.base}/`);
  assert.equal((await visit(agent)).ready, true);
  assert.equal(provider.logins, logins + 1, 'somebody has to sign in there again');
});

test('a session that began with a password ends as it always did', async () => {
  const session = await Session.signIn(server, 'medewerker3');
  assert.equal((await session.call('DELETE', '/api/session')).status, 204);
});

test('signing out at the provider ends the sessions here, and their sockets', async () => {
  provider.person('p6', { name: 'Sia Weg', email: 'sia@voorbeeld.example', groups: [] });
  const { agent, session } = await signIn();
  const elsewhere = await signIn();
  const connection = await session.online();
  const { answer } = await agent.go(`${provider.issuer}/session/end`);
  const xsrf = /name="xsrf" value="(\w+)"/.exec(answer.text)[1];
  const form = { method: 'POST', body: `xsrf=${xsrf}&logout=yes`, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  await agent.fetch(`${provider.issuer}/session/end/confirm`, form);
  await connection.expectClose(4401);
  assert.equal((await session.call('GET', '/api/session')).status, 401);
  assert.equal((await elsewhere.session.call('GET', '/api/session')).status, 200, 'another session at the provider');
});

const tell = (token) =>
  new UserAgent().fetch(`${server.base}/api/oidc/logout`, {
    method: 'POST',
    body: `logout_token=${encodeURIComponent(token)}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });

test('nobody else ends a session, and no token ends one twice', async () => {
  provider.person('p7', { name: 'Tom Blijft', email: 'tom@voorbeeld.example', groups: [] });
  let idToken;
  provider.fault = (_, token) => {
    idToken = token;
    return token;
  };
  const { agent, session } = await signIn();
  provider.fault = undefined;
  const { sid } = claimsOf(idToken);
  const now = Math.floor(Date.now() / 1000);
  const mine = { sub: 'p7', sid };
  for (const [what, token] of Object.entries({
    'another key': provider.logoutToken(mine, { key: provider.strange }),
    'no signature': provider.logoutToken(mine, { key: undefined }),
    'the secret of the client': provider.logoutToken(mine, { key: undefined, secret: CLIENT_SECRET }),
    'another issuer': provider.logoutToken({ ...mine, iss: 'http://127.0.0.1:1' }),
    'another audience': provider.logoutToken({ ...mine, aud: 'een-ander' }),
    'no event': provider.logoutToken({ ...mine, events: {} }),
    'another event': provider.logoutToken({ ...mine, events: { 'urn:iets': {} } }),
    'a nonce': provider.logoutToken({ ...mine, nonce: 'n' }),
    'its time is over': provider.logoutToken({ ...mine, exp: now - 1 }),
    'it is old': provider.logoutToken({ ...mine, iat: now - 3_600 }),
    'no id': provider.logoutToken({ ...mine, jti: undefined }),
    'an ID token': idToken,
    nothing: 'x',
  })) {
    assert.equal((await tell(token)).status, 400, what);
  }
  assert.equal((await tell(provider.logoutToken({ sub: 'p7', sid: 'een-andere' }))).status, 200);
  assert.equal((await session.call('GET', '/api/session')).status, 200);
  const token = provider.logoutToken({ sub: 'p7' });
  assert.equal((await tell(token)).status, 200);
  assert.equal((await session.call('GET', '/api/session')).status, 401);
  // The same token against a session that began after it.
  const later = await signIn(agent);
  assert.equal((await tell(token)).status, 400);
  assert.equal((await later.session.call('GET', '/api/session')).status, 200);
});

test('a provider that changes its keys is asked for the new ones', async () => {
  provider.person('p7', { name: 'Tom Blijft', email: 'tom@voorbeeld.example', groups: [] });
  const before = provider.key;
  provider.key = provider.strange;
  provider.strange = before;
  provider.serve(server.base);
  // It was asked a moment ago, and is not asked again for everybody who makes a token up.
  await server.crash();
  await signIn();
});

test('a disabled account stays closed, whatever the provider says', async () => {
  provider.person('p8', { name: 'Una Dicht', email: 'una@voorbeeld.example', groups: [] });
  await signIn();
  command('user', 'disable', 'una@voorbeeld.example');
  assert.equal((await visit()).failed, 'no_account');
});

test('where new people get no account, who is new is told so', async () => {
  await server.stop();
  server.args = provider.args(join(folder, 'secret'));
  await server.start();
  provider.person('p9', { name: 'Vera Vreemd', email: 'vera@voorbeeld.example', groups: ['hr'] });
  assert.equal((await visit()).failed, 'no_account');
  assert.equal(addressOf('Vera Vreemd'), undefined);
  provider.person('p7', { name: 'Tom Blijft', email: 'tom@voorbeeld.example', groups: [] });
  await signIn();
});

test('where there is no provider there is no way to one', async () => {
  await server.stop();
  server.args = [];
  await server.start();
  const agent = new UserAgent();
  assert.deepEqual(await offer(agent), { label: null, ready: false });
  for (const path of ['/api/oidc/start', '/api/oidc/callback']) assert.equal((await agent.fetch(server.base + path)).status, 404);
  assert.equal((await tell('x')).status, 404);
});
