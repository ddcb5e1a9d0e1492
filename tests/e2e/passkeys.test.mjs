// A passkey: made in the settings, used at the door of a new device, and taken away; with Chromium's own virtual
// authenticator, as a phone or computer would have one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, accessible, accessibleAtEveryWidth, closeBrowser } from './harness/browser.mjs';
import { PASSPHRASE, PASSWORD, choosePassphrase, heading, signIn } from './harness/person.mjs';

let server;
before(async () => {
  server = await Server.start();
  // Browsers make passkeys for a name, not for a number.
  server.base = server.base.replace('127.0.0.1', 'localhost');
});
after(async () => {
  await server.remove();
  await closeBrowser();
});

const passwordField = (page) => page.getByLabel('Wachtwoord', { exact: true });

/** An authenticator for this page, with the passkeys that another one has. */
async function authenticator(page, credentials = []) {
  const client = await page.context().newCDPSession(page);
  await client.send('WebAuthn.enable');
  const { authenticatorId } = await client.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  for (const credential of credentials) await client.send('WebAuthn.addCredential', { authenticatorId, credential });
  return {
    credentials: async () => (await client.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    verifies: (isUserVerified) => client.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  };
}

async function toSecondStep(page) {
  await page.getByRole('link', { name: 'Instellingen' }).first().click();
  await page.getByRole('link', { name: 'Extra beveiliging instellen' }).click();
  await heading(page, 'Extra beveiliging bij aanmelden').waitFor();
}

/** Address and password, by keyboard alone, up to the second step. */
async function toTheStep(page, name) {
  await page.goto('/');
  await page.getByLabel('E-mailadres').waitFor();
  await page.getByLabel('E-mailadres').focus();
  await page.keyboard.type(`${name}@demo.example`);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByText('Je wachtwoord klopt. Gebruik nu je toegangssleutel.').waitFor();
}

test('a passkey is made, opens the door of a new device, and is taken away', async () => {
  const first = await Device.make(server, { size: DESK });
  const second = await Device.make(server, { size: PHONE });
  const third = await Device.make(server, { size: PHONE });
  try {
    const page = await signIn(first, 'medewerker3');
    const here = await authenticator(page);
    await toSecondStep(page);
    await page.getByRole('heading', { name: 'De tweede stap staat uit' }).waitFor();
    await page.getByRole('button', { name: 'Toegangssleutel toevoegen' }).click();
    const section = page.getByRole('region', { name: 'Toegangssleutels' });
    const name = section.getByLabel('Naam van de toegangssleutel');
    assert.ok(await name.evaluate((field) => field === document.activeElement), 'the name has the focus');
    await accessibleAtEveryWidth(page, 'a new passkey');
    await name.fill('Laptop thuis');
    await passwordField(section).fill('niet dit');
    await section.getByRole('button', { name: 'Toegangssleutel maken' }).click();
    await page.getByText('Het wachtwoord klopt niet.').waitFor();
    assert.deepEqual(await here.credentials(), []);
    // Who is not verified makes none.
    await passwordField(section).fill(PASSWORD);
    await here.verifies(false);
    await section.getByRole('button', { name: 'Toegangssleutel maken' }).click();
    await page.getByText('Er is geen toegangssleutel gebruikt.').waitFor();
    await here.verifies(true);
    await passwordField(section).press('Enter');
    await page.getByRole('heading', { name: 'Bewaar je herstelcodes' }).waitFor();
    const codes = await page.locator('.secrets code').allInnerTexts();
    assert.equal(codes.length, 10);
    await page.getByRole('button', { name: 'Ik heb ze bewaard' }).click();
    await page.getByRole('heading', { name: 'De tweede stap staat aan' }).waitFor();
    await section.getByText('Laptop thuis', { exact: true }).first().waitFor();
    await section.getByText('Nog niet gebruikt').waitFor();
    await accessibleAtEveryWidth(page, 'a passkey in the list');
    const [passkey] = await here.credentials();
    assert.equal(passkey.rpId, 'localhost');

    // Keyboard alone: the button has the focus once the password was right.
    const phone = second.page;
    await authenticator(phone, [passkey]);
    await toTheStep(phone, 'medewerker3');
    await accessibleAtEveryWidth(phone, 'the passkey at the door');
    const button = phone.getByRole('button', { name: 'Met een toegangssleutel' });
    assert.ok(await button.evaluate((it) => it === document.activeElement), 'the button has the focus');
    await phone.keyboard.press('Enter');
    await choosePassphrase(phone);

    // A device without it is told, and a recovery code does.
    const lost = third.page;
    await authenticator(lost);
    await toTheStep(lost, 'medewerker3');
    await lost.getByRole('button', { name: 'Met een toegangssleutel' }).click();
    await lost.getByText('Er is geen toegangssleutel gebruikt.').waitFor();
    await accessible(lost, 'no passkey at the door');
    await lost.getByLabel('Code', { exact: true }).fill(codes[0]);
    await lost.keyboard.press('Enter');
    await heading(lost, 'Kies een wachtzin').waitFor();

    // What guards the account is changed with the passkey too.
    await page.reload();
    await page.getByLabel('Wachtzin', { exact: true }).fill(PASSPHRASE);
    await page.getByRole('button', { name: 'Openen' }).click();
    await page.getByText('Herstelcodes die je nog kunt gebruiken: 9.').waitFor();
    await section.getByText('Laatst gebruikt op').waitFor();
    await section.getByRole('button', { name: 'Weghalen Laptop thuis' }).click();
    await accessibleAtEveryWidth(page, 'taking a passkey away');
    await passwordField(section).fill(PASSWORD);
    await section.getByRole('button', { name: 'Met een toegangssleutel' }).click();
    // This authenticator has signed less often than the copy on the phone: it is found out.
    await page.getByText('Deze toegangssleutel is waarschijnlijk gekopieerd').waitFor();
    await section.getByLabel('Code', { exact: true }).fill(codes[1]);
    await section.getByRole('button', { name: 'Toegangssleutel weghalen' }).click();
    await page.getByRole('heading', { name: 'De tweede stap staat uit' }).waitFor();
  } finally {
    await Promise.all([first, second, third].map((device) => device.close()));
  }
});

test('with a passkey what guards the account is changed without a code', async () => {
  const device = await Device.make(server, { size: PHONE });
  try {
    const page = await signIn(device, 'medewerker4');
    await authenticator(page);
    await toSecondStep(page);
    const section = page.getByRole('region', { name: 'Toegangssleutels' });
    await section.getByRole('button', { name: 'Toegangssleutel toevoegen' }).click();
    await passwordField(section).fill(PASSWORD);
    await section.getByRole('button', { name: 'Toegangssleutel maken' }).click();
    await page.getByRole('button', { name: 'Ik heb ze bewaard' }).click();
    await section.getByRole('button', { name: 'Toegangssleutel toevoegen' }).click();
    await passwordField(section).fill(PASSWORD);
    await section.getByRole('button', { name: 'Met een toegangssleutel' }).click();
    await page.getByText('Op dit apparaat staat al een toegangssleutel van jou.').waitFor();
    await section.getByRole('button', { name: 'Niet nu' }).click();
    await page.getByText('Tweede stap uitzetten').click();
    const off = page.locator('details[open]');
    await passwordField(off).fill(PASSWORD);
    await off.getByRole('button', { name: 'Met een toegangssleutel' }).click();
    await page.getByRole('heading', { name: 'De tweede stap staat uit' }).waitFor();
  } finally {
    await device.close();
  }
});

test('at an address of numbers, and in a browser without them, the page says so', async () => {
  const numbers = { ...server, base: server.base.replace('localhost', '127.0.0.1') };
  const device = await Device.make(numbers, { size: PHONE });
  try {
    const page = await signIn(device, 'medewerker5');
    await toSecondStep(page);
    await page.getByText('Op dit adres kan je browser geen toegangssleutel maken').waitFor();
    await accessible(page, 'an address of numbers');
    await page.addInitScript(() => delete globalThis.PublicKeyCredential);
    await page.reload();
    await page.getByLabel('Wachtzin', { exact: true }).fill(PASSPHRASE);
    await page.getByRole('button', { name: 'Openen' }).click();
    await page.getByText('Deze browser kan niet met toegangssleutels werken.').waitFor();
  } finally {
    await device.close();
  }
});
