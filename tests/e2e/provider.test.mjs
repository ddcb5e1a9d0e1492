// The organisation's own sign-in in a browser: a new device, a session that the provider ends while something waits on the
// device, and signing out at both ends.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CLIENT_SECRET, LABEL, Provider } from '../contract/client/provider.mjs';
import { Server, exchange } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, TABLET, accessible, closeBrowser } from './harness/browser.mjs';
import { choosePassphrase, heading, synchronised, unlock } from './harness/person.mjs';

let provider;
let server;
let folder;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'loopbaanmaat-secret-'));
  writeFileSync(join(folder, 'secret'), CLIENT_SECRET);
  provider = await Provider.start();
  server = await Server.start({ args: provider.args(join(folder, 'secret'), ['--oidc-new-accounts']) });
  provider.serve(server.base);
});
after(async () => {
  await closeBrowser();
  await server?.remove();
  await provider?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const button = (page) => page.getByRole('button', { name: LABEL });

/** Ends a device; it went to the provider, whose own page asks for a font, and to nobody else. */
async function close(device) {
  const others = (url) => !url.startsWith(provider.issuer) && !url.startsWith('https://fonts.googleapis.com/');
  device.foreign = device.foreign.filter(others);
  await device.close();
}

const TEXT = 'Dit schreef ik terwijl mijn sessie afliep.';

test('in by the provider, again without losing what was written, and out at both ends', async () => {
  provider.person('e1', { name: 'Petra Nieuw', email: 'petra@voorbeeld.example', groups: [] });
  const device = await Device.make(server, { size: PHONE });
  try {
    const { page } = device;
    await page.goto('/');
    await button(page).waitFor();
    for (const size of [PHONE, TABLET, DESK]) {
      await page.setViewportSize(size);
      await accessible(page, `the door at ${size.width}`);
    }
    await button(page).focus();
    await page.keyboard.press('Enter');
    await choosePassphrase(page);
    assert.equal(new URL(page.url()).origin, server.base);

    // The provider ends the session; what is written then waits on this device.
    const answer = await exchange(`${server.base}/api/oidc/logout`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `logout_token=${encodeURIComponent(provider.logoutToken({ sub: 'e1' }))}`,
    });
    assert.equal(answer.status, 200, answer.text);
    const again = page.getByRole('button', { name: 'Aanmelden', exact: true }).first();
    await again.waitFor();
    await page.getByRole('link', { name: 'Alle onderdelen' }).click();
    await page.getByRole('link', { name: 'A. Aanleiding' }).click();
    await page.getByLabel(/^Wat brengt je hier\?/).fill(TEXT);
    await page.getByLabel(/^Wat brengt je hier\?/).blur();
    await again.click();
    await button(page).click();
    await unlock(page);
    await synchronised(page);
    await page.getByRole('link', { name: 'Alle onderdelen' }).click();
    await page.getByRole('link', { name: 'A. Aanleiding' }).click();
    assert.equal(await page.getByLabel(/^Wat brengt je hier\?/).inputValue(), TEXT);

    // Out, there too.
    const { logins } = provider;
    await page.getByRole('link', { name: 'Instellingen' }).first().click();
    await page.getByRole('button', { name: 'Afmelden op dit apparaat' }).click();
    await page.waitForURL((url) => url.origin === provider.issuer);
    await page.getByRole('button', { name: 'Yes, sign me out' }).click();
    await button(page).waitFor();
    assert.equal(new URL(page.url()).origin, server.base);
    await button(page).click();
    await heading(page, 'Kies een wachtzin').waitFor();
    assert.equal(provider.logins, logins + 1, 'somebody has to sign in there again');
  } finally {
    await close(device);
  }
});

test('who is not let in is told why', async () => {
  provider.person('e2', { name: 'Iemand Anders', email: 'coach1@demo.example', groups: [] });
  const device = await Device.make(server, { size: PHONE });
  try {
    const { page } = device;
    await page.goto('/');
    await button(page).click();
    await page.getByText('Er is al een account met jouw e-mailadres').waitFor();
    await accessible(page, 'not let in');
    await page.reload();
    await button(page).waitFor();
    assert.equal(await page.getByText('Er is al een account met jouw e-mailadres').count(), 0, 'it is told once');
  } finally {
    await close(device);
  }
});
