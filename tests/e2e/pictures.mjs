// Takes the pictures of the README from the demo organisation: one page of each role.
//
//     node tests/e2e/pictures.mjs
import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, closeBrowser } from './harness/browser.mjs';
import { heading, signIn } from './harness/person.mjs';

const FOLDER = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const LARGEST = 150_000;

const PICTURES = {
  employee: {
    who: 'medewerker1',
    size: { ...PHONE, width: 390, height: 780 },
    show: async (page) => {
      await heading(page, 'Mijn loopbaan').waitFor();
    },
  },
  coach: {
    who: 'coach1',
    size: { width: 1_180, height: 820 },
    show: async (page) => {
      await page.getByRole('link', { name: 'Trajecten', exact: true }).click();
      await page.getByRole('main').getByRole('link', { name: 'Sanne Bakker' }).click();
      await talkWithNotes(page);
      await page.evaluate(() => window.scrollTo(0, 0));
    },
  },
  adviser: {
    who: 'adviseur',
    size: DESK,
    show: async (page) => {
      await page.getByRole('row').filter({ hasText: 'Sanne Bakker' }).waitFor();
    },
  },
  trainer: {
    who: 'trainer',
    size: { width: 1_180, height: 820 },
    show: async (page) => {
      await heading(page, 'Programma').waitFor();
    },
  },
  administrator: {
    who: 'beheer',
    size: DESK,
    show: async (page) => {
      await page.getByRole('row').filter({ hasText: 'Sanne Bakker' }).waitFor();
    },
  },
};

/** Opens the first talk that has a note for oneself and a shared one. */
async function talkWithNotes(page) {
  const talks = page.getByRole('main').locator('a[href*="/gesprek/"]');
  await talks.first().waitFor();
  for (let at = 0; at < (await talks.count()); at += 1) {
    await talks.nth(at).click();
    await page.waitForURL(`**${await talks.nth(at).getAttribute('href')}`);
    const written = page.locator('textarea').filter({ visible: true });
    await written.nth(1).waitFor();
    const lengths = await written.evaluateAll((fields) => fields.map(({ value }) => value.length));
    if (lengths.filter((length) => length > 0).length > 1) return;
  }
}

mkdirSync(FOLDER, { recursive: true });
const server = await Server.start();
try {
  for (const [name, { who, size, show }] of Object.entries(PICTURES)) {
    const device = await Device.make(server, { size });
    const page = await signIn(device, who);
    const notNow = page.getByRole('button', { name: 'Niet nu', exact: true });
    if (await notNow.isVisible()) await notNow.click();
    await show(page);
    const path = `${FOLDER}${name}.png`;
    await page.screenshot({ path, animations: 'disabled' });
    await device.close();
    const { size: bytes } = statSync(path);
    console.log(`${path}: ${bytes} bytes`);
    if (bytes > LARGEST) throw new Error(`${name} is larger than ${LARGEST} bytes`);
  }
} finally {
  await server.remove();
  await closeBrowser();
}
