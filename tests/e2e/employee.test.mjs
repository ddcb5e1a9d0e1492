// An employee fills in the form on her phone without a network and shares two sections; the adviser reads those two.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, accessible, closeBrowser } from './harness/browser.mjs';
import { everythingFor, heading, installed, saved, signIn, synchronised } from './harness/person.mjs';

after(closeBrowser);

const REASON = 'Ik wil weten of er voor mij nog iets anders is dan de balie.';
const LOWER = 'Omdat mijn collega’s mij dragen op drukke dagen.';
const ENERGY = 'Van mensen op weg helpen krijg ik energie, van lijstjes niet.';
const PROUD = 'Ik ben trots op de wijkmarkt van vorig jaar.';

const next = (page, name) => page.getByRole('navigation', { name: 'Onderdelen' }).getByRole('link', { name }).click();

test('the form filled in without a network, two sections shared, and no other byte leaves', async () => {
  const server = await Server.start();
  const phone = await Device.make(server, { size: PHONE });
  const desk = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(phone, 'medewerker2');
    await heading(page, 'Mijn loopbaan').waitFor();
    await installed(page);
    await server.stop('SIGKILL');

    await page.getByRole('link', { name: 'Naar het reflectieformulier' }).first().click();
    await heading(page, 'Reflectieformulier').waitFor();
    await accessible(page, 'the form at a glance');
    await page.getByRole('link', { name: 'A. Aanleiding' }).click();
    await page.getByLabel(/^Wat brengt je hier\?/).fill(REASON);
    await accessible(page, 'section A');
    await next(page, /Nu/);
    await page.getByRole('group', { name: /^Hoe tevreden ben je over je werk\?/ }).getByRole('radio', { name: '6', exact: true }).press('Space');
    await page.getByLabel('Waarom geen lager cijfer?').fill(LOWER);
    await accessible(page, 'section B');
    await next(page, /Motieven/);
    await page.getByLabel('Wanneer geeft werk je energie?').fill(ENERGY);
    await next(page, /Kwaliteiten/);
    await page.getByLabel('Waar ben je trots op?').fill(PROUD);
    await saved(page);

    await page.getByRole('link', { name: 'Alle onderdelen' }).first().click();
    await page.getByRole('link', { name: 'Kiezen wat je deelt' }).first().click();
    await heading(page, 'Kiezen wat je deelt').waitFor();
    await page.getByLabel('A. Aanleiding').check();
    await page.getByLabel('B. Nu').check();
    await page.getByRole('button', { name: 'Mijn keuze delen' }).click();
    await page.getByText('Je keuze staat klaar.').waitFor();
    await accessible(page, 'sharing');

    await server.start();
    await page.getByText('Je keuze staat klaar.').waitFor({ state: 'detached', timeout: 60_000 });
    await page.getByRole('heading', { name: 'Dit deel je nu' }).waitFor();
    await synchronised(page);

    const overview = await signIn(desk, 'adviseur');
    await overview.getByRole('link', { name: 'Naar de intake van Mehmet Yildirim' }).click();
    await heading(overview, 'Intake met Mehmet Yildirim').waitFor();
    const shared = overview.getByRole('region', { name: 'Gedeelde reflectie' });
    for (const text of [REASON, LOWER]) await shared.getByText(text).waitFor();
    await accessible(overview, 'the intake');
    for (const text of [ENERGY, PROUD]) assert.equal(await overview.getByText(text).count(), 0);

    let found = 0;
    for (const { kind, text } of await everythingFor(server, 'adviseur')) {
      found += text.includes(REASON) && text.includes(LOWER) ? 1 : 0;
      assert.ok(!text.includes(ENERGY) && !text.includes(PROUD), `the adviser is handed an unshared section in a ${kind}`);
    }
    assert.equal(found, 1);
    for (const name of ['coach1', 'beheer', 'medewerker1']) {
      for (const { kind, text } of await everythingFor(server, name)) {
        assert.ok(![REASON, LOWER, ENERGY, PROUD].some((it) => text.includes(it)), `${name} is handed words of hers in a ${kind}`);
      }
    }
  } finally {
    await server.remove();
    for (const device of [phone, desk]) await device.close();
  }
});
