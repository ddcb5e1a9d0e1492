// A second step: set up in the settings, asked for on a new device, a recovery code when the phone is lost, and taken
// away by an administrator, of which its owner is told.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, accessible, accessibleAtEveryWidth, closeBrowser } from './harness/browser.mjs';
import { PASSPHRASE, PASSWORD, choosePassphrase, heading, signIn } from './harness/person.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await server.remove();
  await closeBrowser();
});

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;

/** What an app shows, `later` steps from now; a step that was used is not taken again, and nobody waits for the next. */
function code(secret, later = 0) {
  const bits = [...secret.replaceAll(' ', '')].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS) + later));
  const hash = createHmac('sha1', key).update(counter).digest();
  const at = hash[19] & 0x0f;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const passwordField = (page) => page.getByLabel('Wachtwoord', { exact: true });
const codeField = (page) => page.getByLabel('Code', { exact: true });

/** To the page of the second step, by its links. */
async function toSecondStep(page) {
  await page.getByRole('link', { name: 'Instellingen' }).first().click();
  await page.getByRole('link', { name: 'Extra beveiliging instellen' }).click();
  await heading(page, 'Extra beveiliging bij aanmelden').waitFor();
}

/** Sets it up; the secret and the recovery codes. */
async function setUp(page) {
  await page.getByRole('heading', { name: 'De tweede stap staat uit' }).waitFor();
  await accessibleAtEveryWidth(page, 'switched off');
  await page.getByRole('button', { name: 'App instellen' }).click();
  await page.getByText('Vul je wachtwoord in.').waitFor();
  await passwordField(page).fill(PASSWORD);
  await page.getByRole('button', { name: 'App instellen' }).click();
  await page.getByRole('img', { name: /^QR-code/ }).waitFor();
  await accessibleAtEveryWidth(page, 'setting up');
  const secret = await page.locator('code.secret').innerText();
  const first = page.getByLabel('De code die de app nu laat zien');
  await first.fill(code(secret, 40));
  await page.getByRole('button', { name: 'Tweede stap aanzetten' }).click();
  await page.getByText('Deze code klopt niet').waitFor();
  await first.fill(code(secret));
  await first.press('Enter');
  await page.getByRole('heading', { name: 'Bewaar je herstelcodes' }).waitFor();
  await accessibleAtEveryWidth(page, 'recovery codes');
  const codes = await page.locator('.secrets code').allInnerTexts();
  assert.equal(codes.length, 10);
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Opslaan als bestand' }).click()]);
  assert.equal(file.suggestedFilename(), 'herstelcodes-loopbaanmaat.txt');
  await page.getByRole('button', { name: 'Ik heb ze bewaard' }).click();
  await page.getByRole('heading', { name: 'De tweede stap staat aan' }).waitFor();
  await page.getByText('Herstelcodes die je nog kunt gebruiken: 10.').waitFor();
  await accessibleAtEveryWidth(page, 'switched on');
  return { secret, codes };
}

/** Address and password, by keyboard alone, up to the code. */
async function toTheCode(page, name) {
  await page.goto('/');
  await page.getByLabel('E-mailadres').waitFor();
  await page.getByLabel('E-mailadres').focus();
  await page.keyboard.type(`${name}@demo.example`);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByText('Je wachtwoord klopt.').waitFor();
  assert.ok(await codeField(page).evaluate((field) => field === document.activeElement), 'the code has the focus');
}

test('a code besides the password, on a new device and with a lost phone, and none any more once it is off', async () => {
  const first = await Device.make(server, { size: DESK });
  const second = await Device.make(server, { size: PHONE });
  const third = await Device.make(server, { size: PHONE });
  try {
    const page = await signIn(first, 'medewerker3');
    await toSecondStep(page);
    const { secret, codes } = await setUp(page);

    const phone = second.page;
    await toTheCode(phone, 'medewerker3');
    await accessibleAtEveryWidth(phone, 'the code at the door');
    await phone.keyboard.type(code(secret, 40));
    await phone.keyboard.press('Enter');
    await phone.getByText('Deze code klopt niet, of is al gebruikt.').waitFor();
    await accessible(phone, 'a wrong code at the door');
    // Of the next half minute: the present one was used when it was set up.
    await codeField(phone).fill(code(secret, 1));
    await phone.keyboard.press('Enter');
    await choosePassphrase(phone);

    const lost = third.page;
    await toTheCode(lost, 'medewerker3');
    await lost.keyboard.type(codes[0].toUpperCase());
    await lost.keyboard.press('Enter');
    await choosePassphrase(lost);

    await page.reload();
    await page.getByLabel('Wachtzin', { exact: true }).fill(PASSPHRASE);
    await page.getByRole('button', { name: 'Openen' }).click();
    await page.getByText('Herstelcodes die je nog kunt gebruiken: 9.').waitFor();
    await page.getByText('Tweede stap uitzetten').click();
    const off = page.locator('details[open]');
    await passwordField(off).fill(PASSWORD);
    await codeField(off).fill(codes[0]);
    await off.getByRole('button', { name: 'Nu uitzetten' }).click();
    await page.getByText('Deze code klopt niet, of is al gebruikt.').waitFor();
    await accessibleAtEveryWidth(page, 'a used code');
    await codeField(off).fill(codes[1]);
    await off.getByRole('button', { name: 'Nu uitzetten' }).click();
    await page.getByRole('heading', { name: 'De tweede stap staat uit' }).waitFor();
  } finally {
    await Promise.all([first, second, third].map((device) => device.close()));
  }
});

test('a second step that an administrator takes away is told to its owner', async () => {
  const first = await Device.make(server, { size: DESK });
  const second = await Device.make(server, { size: PHONE });
  const desk = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(first, 'medewerker4');
    await toSecondStep(page);
    await setUp(page);
    const name = await page.evaluate(() => fetch('/api/session').then((answer) => answer.json())).then((it) => it.name);

    const admin = await signIn(desk, 'beheer');
    await admin.getByRole('link', { name: 'Mensen' }).first().click();
    await admin.getByRole('link', { name, exact: true }).click();
    await heading(admin, name).waitFor();
    await admin.getByRole('button', { name: /^Tweede stap weghalen/ }).click();
    const dialog = admin.getByRole('dialog', { name: `Tweede stap van ${name} weghalen?` });
    await accessible(admin, 'the question to the administrator');
    const answered = admin.waitForResponse((answer) => answer.url().endsWith('/api/commands'));
    await dialog.getByRole('button', { name: 'Tweede stap weghalen' }).click();
    assert.equal((await answered).status(), 200);

    const phone = await signIn(second, 'medewerker4');
    const notice = phone.getByText('Een beheerder heeft je tweede stap bij het aanmelden weggehaald.');
    await notice.waitFor();
    await accessibleAtEveryWidth(phone, 'told that it was taken away');
    await phone.getByRole('button', { name: 'Begrepen' }).click();
    await notice.waitFor({ state: 'detached' });
  } finally {
    await Promise.all([first, second, desk].map((device) => device.close()));
  }
});

test('without a network the page says so and nothing else stops', async () => {
  const device = await Device.make(server, { size: PHONE });
  try {
    const page = await signIn(device, 'medewerker5');
    await device.context.setOffline(true);
    await toSecondStep(page);
    await page.getByText('Hiervoor is verbinding nodig.').waitFor();
    await accessible(page, 'out of reach');
    await device.context.setOffline(false);
    await page.getByRole('button', { name: 'Opnieuw proberen' }).click();
    await page.getByRole('heading', { name: 'De tweede stap staat uit' }).waitFor();
  } finally {
    await device.close();
  }
});
