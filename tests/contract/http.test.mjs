// What every answer carries: problems with a request id, security headers, the page and its missing parts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { organisation } from './client/fixture.mjs';
import { exchange } from './client/server.mjs';
import { call } from './client/session.mjs';

const scene = organisation(['adviseur', 'beheer']);

const get = (path, headers = {}) => exchange(scene.server.base + path, { headers });

test('health tells that it lives and that it is ready', async () => {
  assert.equal((await get('/health/live')).status, 200);
  assert.equal((await get('/health/ready')).status, 200);
});

test('an error is a problem with status, title and request id', async () => {
  const answers = [
    await call(scene.server, 'GET', '/api/session'),
    await call(scene.server, 'GET', '/api/nothing'),
    await scene.adviseur.call('POST', '/api/commands', { body: '{' }),
  ];
  for (const { status, headers, json, text } of answers) {
    assert.ok(status >= 400, text);
    assert.match(headers['content-type'], /^application\/problem\+json/);
    assert.equal(json.status, status);
    assert.equal(typeof json.title, 'string');
    assert.ok(headers['x-request-id'], 'no request id');
  }
  assert.notEqual(answers[0].headers['x-request-id'], answers[1].headers['x-request-id']);
});

test('a wrong method is 405', async () => {
  assert.equal((await scene.adviseur.call('PUT', '/api/directory')).status, 405);
});

test('every answer carries the security headers', async () => {
  for (const path of ['/', '/api/session', '/health/live', '/assets/nothing.js']) {
    const { headers } = await get(path);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
    assert.ok(headers['referrer-policy'], path);
    assert.ok(headers['permissions-policy'], path);
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin', path);
    const policy = headers['content-security-policy'];
    assert.ok(policy, `${path} has no content security policy`);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /'unsafe-inline'|'unsafe-eval'/);
    assert.doesNotMatch(policy, /https?:\/\/(?!127\.0\.0\.1|localhost)/, 'a third party in the policy');
  }
});

test('what a person may know is not kept by a cache between', async () => {
  for (const path of ['/api/session', '/api/directory']) {
    const { headers } = await scene.adviseur.call('GET', path);
    assert.match(headers['cache-control'] ?? '', /no-store|no-cache/, path);
  }
});

test('a page address gets the page, a missing asset a 404 that is no page', async () => {
  const page = await get('/een/pagina', { accept: 'text/html' });
  const missing = await get('/app-0000000000000000.js');
  assert.equal(missing.status, 404);
  assert.doesNotMatch(missing.headers['content-type'] ?? '', /html/);
  if (page.status !== 200) assert.equal(page.status, 404);
  else assert.match(page.headers['content-type'], /^text\/html/);
});

test('the API describes itself', async () => {
  const { status, json } = await get('/api/openapi.json');
  assert.equal(status, 200);
  assert.match(json.openapi, /^3\./);
  for (const path of ['/api/session', '/api/session/challenge', '/api/directory', '/api/commands', '/api/sync']) {
    assert.ok(json.paths[path], `${path} is not described`);
  }
});
