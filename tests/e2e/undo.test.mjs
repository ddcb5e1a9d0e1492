// What is deleted can be taken back, what was only looked at leaves nothing behind.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { Device, TABLET, closeBrowser } from './harness/browser.mjs';
import { heading, signIn, synchronised } from './harness/person.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  await server.remove();
  await closeBrowser();
});

const WORDS = 'Ze wil vaker nee zeggen, en oefent dat eerst thuis.';

const mine = (page) => page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen');
const talks = (page) => page.getByRole('main').locator('a[href*="/gesprek/"]');
const takeBack = (page) => page.getByRole('button', { name: 'Ongedaan maken' });

async function toTalks(page) {
  await page.getByRole('link', { name: 'Trajecten', exact: true }).click();
  await page.getByRole('main').getByRole('link', { name: 'Sanne Bakker' }).click();
  await heading(page, 'Sanne Bakker').waitFor();
  await talks(page).first().waitFor();
}

const text = (page, expected) =>
  page.waitForFunction((it) => [...document.querySelectorAll('textarea')].some(({ value }) => value === it), expected);

test('a note, a talk and a goal are deleted and taken back by keyboard', async () => {
  const device = await Device.make(server, { size: TABLET });
  try {
    const page = await signIn(device, 'coach1');
    await toTalks(page);
    const before = await talks(page).count();

    await page.getByRole('button', { name: 'Nieuwe notitie', exact: true }).click();
    await mine(page).waitFor();
    await toTalks(page);
    assert.equal(await talks(page).count(), before, 'a talk about which nothing was written');

    await page.getByRole('button', { name: 'Nieuwe notitie', exact: true }).click();
    await mine(page).fill(WORDS);
    await page.getByRole('region', { name: 'Alleen ik' }).getByRole('button', { name: 'Notitie verwijderen' }).click();
    await takeBack(page).waitFor();
    await page.waitForFunction(() => document.activeElement?.textContent.trim() === 'Ongedaan maken');
    assert.equal(await mine(page).inputValue(), '');
    await page.keyboard.press('Enter');
    await text(page, WORDS);
    await takeBack(page).waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Gesprek verwijderen' }).click();
    await page.waitForURL((url) => /^\/trajecten\/[^/]+$/.test(url.pathname));
    await takeBack(page).waitFor();
    await page.waitForFunction((count) => document.querySelectorAll('main a[href*="/gesprek/"]').length === count, before);
    const loose = page.getByRole('link', { name: 'Notities zonder gesprek' });
    await loose.waitFor();
    await takeBack(page).click();
    await page.waitForFunction((count) => document.querySelectorAll('main a[href*="/gesprek/"]').length === count, before + 1);
    await loose.waitFor({ state: 'detached' });

    await page.getByRole('link', { name: 'Doelen, acties, afspraken' }).click();
    const goals = page.getByRole('main').locator('ul.things > li');
    const count = await goals.count();
    await goals.first().locator('summary').click();
    await goals.first().getByRole('button', { name: /^Verwijderen/ }).click();
    await takeBack(page).waitFor();
    await page.waitForFunction((left) => document.querySelectorAll('main ul.things > li').length === left, count - 1);
    await takeBack(page).click();
    await page.waitForFunction((all) => document.querySelectorAll('main ul.things > li').length === all, count);
    await synchronised(page);
  } finally {
    await device.close();
  }
});
