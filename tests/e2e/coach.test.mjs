// A coach writes with the server stopped, and everybody sees exactly what is theirs once it is back.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, TABLET, accessible, closeBrowser } from './harness/browser.mjs';
import { everythingFor, heading, installed, saved, signIn, synchronised, unlock } from './harness/person.mjs';

after(closeBrowser);

const PRIVATE = 'Ik hoor twijfel over de avonddiensten; volgende keer niet te snel oplossen.';
const SHARED = 'Sanne belt voor vrijdag met twee mensen die haar droombaan hebben.';

const mine = (page) => page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen');
const ours = (page) => page.getByRole('region', { name: /^Gedeeld met/ }).getByLabel('Gedeelde notitie');
const held = (page) => page.getByRole('region', { name: 'Voortgang' }).getByLabel('Dit gesprek is geweest');

/** From *Vandaag* to a new note about Sanne. */
async function beginNote(page) {
  await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
  await mine(page).waitFor();
}

async function assertNotes(page, [inPrivate, inShared, wasHeld]) {
  await mine(page).waitFor();
  await page.waitForFunction((text) => [...document.querySelectorAll('textarea')].some((it) => it.value === text), inPrivate);
  assert.equal(await mine(page).inputValue(), inPrivate);
  assert.equal(await ours(page).inputValue(), inShared);
  assert.equal(await held(page).isChecked(), wasHeld);
}

test('three notes written with the server stopped outlive reload and restart, and reach each who may see them', async () => {
  const server = await Server.start();
  const tablet = await Device.make(server, { size: TABLET, restartable: true });
  const second = await Device.make(server, { size: PHONE });
  const adviser = await Device.make(server, { size: DESK });
  const employee = await Device.make(server, { size: PHONE });
  try {
    let page = await signIn(tablet, 'coach1');
    await heading(page, 'Vandaag').waitFor();
    await accessible(page, 'Vandaag');
    await installed(page);

    await server.stop('SIGKILL');
    await beginNote(page);
    await mine(page).fill(PRIVATE);
    await ours(page).fill(SHARED);
    await held(page).check();
    await saved(page);
    await accessible(page, 'a talk with its notes');
    const place = page.url();

    await page.reload();
    await unlock(page);
    await assertNotes(page, [PRIVATE, SHARED, true]);

    page = await tablet.restart();
    await page.goto(place);
    await unlock(page);
    await assertNotes(page, [PRIVATE, SHARED, true]);
    await saved(page);

    await server.start();
    await synchronised(page, 60_000);

    const other = await signIn(second, 'coach1');
    await other.goto(place);
    await unlock(other);
    await assertNotes(other, [PRIVATE, SHARED, true]);

    const overview = await signIn(adviser, 'adviseur');
    await heading(overview, 'Overzicht').waitFor();
    const row = overview.getByRole('row').filter({ hasText: 'Sanne Bakker' });
    const today = new Intl.DateTimeFormat('nl-NL', { day: 'numeric', month: 'long', timeZone: 'Europe/Amsterdam' }).format(new Date());
    await row.getByText(today).first().waitFor();
    await accessible(overview, 'Overzicht');

    const hers = await signIn(employee, 'medewerker1');
    await heading(hers, 'Mijn loopbaan').waitFor();
    await accessible(hers, 'Mijn loopbaan');
    await hers.getByRole('link', { name: 'Gesprekken' }).first().click();
    await hers.getByText(SHARED).or(hers.locator('textarea')).first().waitFor();
    await hers.waitForFunction(
      (text) => document.body.innerText.includes(text) || [...document.querySelectorAll('textarea')].some((it) => it.value === text),
      SHARED,
    );
    await accessible(hers, 'Gesprekken');

    for (const [name, allowed] of [['adviseur', []], ['medewerker1', ['shared_notes']], ['coach2', []], ['beheer', []]]) {
      for (const { kind, text } of await everythingFor(server, name)) {
        assert.ok(!text.includes(PRIVATE), `${name} is handed the private note in a ${kind}`);
        assert.ok(allowed.includes(kind) || !text.includes(SHARED), `${name} is handed the shared note in a ${kind}`);
      }
    }
  } finally {
    await server.remove();
    for (const device of [tablet, second, adviser, employee]) await device.close();
  }
});

test('one note on two devices without a network: both texts are there afterwards, letter for letter', async () => {
  const server = await Server.start();
  const devices = [await Device.make(server, { size: TABLET }), await Device.make(server, { size: DESK })];
  try {
    const [one, two] = [await signIn(devices[0], 'coach1'), await signIn(devices[1], 'coach1')];
    await beginNote(one);
    await mine(one).fill('midden');
    await synchronised(one);
    await two.goto(one.url());
    await unlock(two);
    await two.waitForFunction(() => [...document.querySelectorAll('textarea')].some((it) => it.value === 'midden'));

    await server.stop('SIGKILL');
    const [before, behind] = ['Vooraf 🙂, op de tablet: ', '. Achteraf, op de laptop: één 👩‍👧 en twee'];
    await mine(one).focus();
    await one.keyboard.press('Control+Home');
    await one.keyboard.insertText(before);
    await mine(two).focus();
    await two.keyboard.press('Control+End');
    await two.keyboard.insertText(behind);
    await saved(one);
    await saved(two);

    await server.start();
    const whole = `${before}midden${behind}`;
    for (const page of [one, two]) {
      await page.waitForFunction((text) => [...document.querySelectorAll('textarea')].some((it) => it.value === text), whole, {
        timeout: 60_000,
      });
      await synchronised(page);
    }
  } finally {
    await server.remove();
    for (const device of devices) await device.close();
  }
});
