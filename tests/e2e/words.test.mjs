// What the page says when something is not as it should be: true, at once, and in the language that was chosen.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, binary } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, accessible, closeBrowser } from './harness/browser.mjs';
import { signIn, synchronised, unlock } from './harness/person.mjs';

after(closeBrowser);

const picture = (page, name) => process.env.PICTURES && page.screenshot({ path: `${process.env.PICTURES}/${name}.png` });

test('the language that was chosen is that of the page after a reload, before anything is unlocked', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(device, 'coach1');
    await page.getByRole('button', { name: 'English', exact: true }).click();
    await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Unlock', level: 1 }).waitFor();
    // Whatever the browser speaks, for as long as the page stands.
    await page.evaluate(() => window.dispatchEvent(new Event('languagechange')));
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    assert.equal(await page.locator('h1').innerText(), 'Unlock');
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  } finally {
    await server.remove();
    await device.close();
  }
});

test('who hears the page hears that the server is gone, also when nothing waits', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(device, 'coach1');
    const said = page.locator('.state').getByRole('status');
    await said.filter({ hasText: /^Verbonden$/ }).waitFor();
    await server.stop();
    await said.filter({ hasText: /^Geen verbinding\. Op dit apparaat opgeslagen$/ }).waitFor();
    await server.start();
    await said.filter({ hasText: /^Verbonden$/ }).waitFor({ timeout: 60_000 });
  } finally {
    await server.remove();
    await device.close();
  }
});

test('a server whose disk is full is named: at the first sign-in, and beside what waits', async () => {
  // No file of the server takes a byte: to the system a reason to end it, unless it is told otherwise.
  const folder = mkdtempSync(join(tmpdir(), 'loopbaanmaat-full-'));
  const program = join(folder, 'server');
  writeFileSync(program, `#!/bin/sh\ntrap '' XFSZ\nexec '${binary()}' "$@"\n`, { mode: 0o755 });
  const before = process.env.LOOPBAANMAAT_BIN;
  process.env.LOOPBAANMAAT_BIN = program;
  const server = await Server.start();
  if (before === undefined) delete process.env.LOOPBAANMAAT_BIN;
  else process.env.LOOPBAANMAAT_BIN = before;
  const device = await Device.make(server, { size: PHONE });
  const other = await Device.make(server, { size: PHONE });
  const limit = (size) => execFileSync('prlimit', ['--pid', `${server.child.pid}`, `--fsize=${size}:unlimited`]);
  try {
    const page = await signIn(device, 'coach1');
    await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
    limit(0);
    await page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen').fill('Past niet op de server.');
    const state = page.locator('.state');
    const told = state.locator('p.row', { hasText: 'De server kan nu even niets aannemen. Alles staat veilig op dit apparaat' });
    await told.waitFor({ timeout: 60_000 });
    await state.locator('summary').click();
    await state.getByText('Zodra de server weer ruimte heeft, gaat het vanzelf.').waitFor();
    assert.equal(await state.getByText('Zodra er verbinding is').count(), 0);
    await accessible(page, 'a server that takes nothing');
    await picture(page, 'server-full-360');

    await other.page.goto('/');
    await other.page.getByLabel('E-mailadres').fill('coach2@demo.example');
    await other.page.getByLabel('Wachtwoord', { exact: true }).fill('demo-loopbaanmaat');
    await other.page.getByRole('button', { name: 'Aanmelden' }).click();
    const alert = other.page.getByRole('alert').filter({ hasText: 'De server kan nu even niets aannemen.' });
    await alert.waitFor();
    assert.ok(!(await alert.innerText()).includes('Controleer je netwerk'));
    await picture(other.page, 'server-full-sign-in-360');

    limit('unlimited');
    await synchronised(page, 60_000);
    await told.waitFor({ state: 'detached' });
    await page.reload();
    await unlock(page);
    await synchronised(page);
  } finally {
    await server.remove();
    rmSync(folder, { recursive: true, force: true });
    for (const each of [device, other]) await each.close();
  }
});
