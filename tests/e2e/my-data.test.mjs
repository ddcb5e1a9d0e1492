// What a person takes along is all of hers and nothing of others, and any program with the library reads it; what she has
// erased is gone, everywhere; what she asks is answered by people, step by step.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import * as Automerge from '../contract/client/automerge.mjs';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, TABLET, accessible, closeBrowser, until } from './harness/browser.mjs';
import { failingReads, keys } from './harness/disk.mjs';
import { bytesFor, heading, installed, signIn, synchronised, unlock } from './harness/person.mjs';
import { unzip } from './harness/zip.mjs';

after(closeBrowser);

const REASON = 'Ik wil weten wat er nog meer kan 🌱👩🏽‍💻, en of “iets anders” < 36 uur & dichtbij bestaat.';
const PRIVATE = 'Zij twijfelt over de avonddiensten; dit is alleen mijn geheugensteun 🤫.';
const SHARED = 'Wij spraken af dat zij twee mensen belt — dat lukt 🎉.';
const DELETED = 'Dit haal ik weer weg.';

const follow = async (page, path, name) => {
  await page.getByRole('contentinfo').getByRole('link', { name: 'Mijn gegevens' }).waitFor();
  if (path === '/mijn-gegevens') await page.getByRole('contentinfo').getByRole('link', { name: 'Mijn gegevens' }).click();
  else await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: 'Verzoeken' }).click();
  await heading(page, name).waitFor();
};
const myData = (page) => follow(page, '/mijn-gegevens', 'Mijn gegevens');
const requests = (page) => follow(page, '/verzoeken', 'Verzoeken');

/** Presses the button and gives what was saved. */
async function taken(page, name = 'Alles in één bestand opslaan') {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()]);
  assert.match(download.suggestedFilename(), /^loopbaanmaat-\d{4}-\d\d-\d\d.*\.zip$/);
  await page.getByText(/^Het bestand is gemaakt/).waitFor();
  return unzip(readFileSync(await download.path()));
}

const pagesOf = (files) => [...files].filter(([name]) => name.endsWith('.html')).map(([name, { data }]) => [name, data.toString('utf8')]);

/** Every document as the standard library reads it. */
const documentsOf = (files) =>
  [...files].filter(([name]) => name.endsWith('.automerge')).map(([name, { data }]) => [name, Automerge.load(new Uint8Array(data))]);

/** What stands in a document; large numbers are none of JSON's. */
const content = (doc) => JSON.stringify(doc, (_, value) => (typeof value === 'bigint' ? `${value}` : value));

/** What stands in a page, without its marks. */
const read = (html) =>
  html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');

const says = (files, words) => ({
  pages: pagesOf(files).filter(([, html]) => read(html).includes(words)).map(([name]) => name),
  documents: documentsOf(files).filter(([, doc]) => content(doc).includes(JSON.stringify(words).slice(1, -1))).map(([name]) => name),
});

/** The coach writes to herself and to Sanne. */
async function coachWrites(page) {
  await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
  await page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen').fill(PRIVATE);
  await page.getByRole('region', { name: /^Gedeeld met/ }).getByLabel('Gedeelde notitie').fill(SHARED);
  await synchronised(page);
}

async function employeeWrites(page) {
  await page.evaluate(() => {
    // As a link does, without loading the page anew; where it stands depends on how far she is.
    const link = Object.assign(document.createElement('a'), { href: '/loopbaan/formulier/a' });
    document.body.append(link);
    link.click();
    link.remove();
  });
  await page.getByLabel(/^Wat brengt je hier\?/).fill(REASON);
  await page.getByLabel(/^Wat moet dit gesprek je opleveren\?/).fill(DELETED);
  await synchronised(page);
}

test('one file holds all that is hers, opens with the standard library, and holds nothing of others', async () => {
  const server = await Server.start();
  const devices = [];
  const device = async (name, size) => {
    const made = await Device.make(server, { size, acceptDownloads: true });
    devices.push(made);
    return [await signIn(made, name), made];
  };
  try {
    const [coach] = await device('coach1', TABLET);
    await coachWrites(coach);
    const [employee, phone] = await device('medewerker1', PHONE);
    await employeeWrites(employee);
    await installed(employee);
    await myData(employee);
    await accessible(employee, 'Mijn gegevens');

    // Without a network too.
    await server.stop('SIGKILL');
    const hers = await taken(employee);
    await accessible(employee, 'Mijn gegevens, after the file was made');
    const index = hers.get('lees-mij.html').data.toString('utf8');
    const linked = new Set([...index.matchAll(/href="([^"]*)"/g)].map(([, address]) => decodeURIComponent(address)));
    assert.match(index, /<html lang="nl">/);
    assert.match(read(index), /Gegevens van Sanne Bakker uit Loopbaanmaat/);
    for (const [name] of documentsOf(hers)) {
      assert.ok(hers.has(name.replace(/automerge$/, 'html')), `${name} has no page`);
      assert.ok(linked.has(name) && linked.has(name.replace(/automerge$/, 'html')), `${name} is not in the index`);
    }
    assert.ok(documentsOf(hers).length >= 4, [...hers.keys()].join('\n'));
    for (const [name, { changed }] of hers) {
      const age = Math.abs(Date.now() - changed);
      assert.ok(age < 400 * 86_400_000, `${name} is of ${changed.toISOString()}`);
    }
    for (const words of [REASON, SHARED]) {
      const { pages, documents } = says(hers, words);
      assert.equal(pages.length, 1, `${words} in ${pages}`);
      assert.equal(documents.length, 1, `${words} in ${documents}`);
    }
    const shared = pagesOf(hers).find(([, html]) => read(html).includes(SHARED))[1];
    assert.match(read(shared), /Wie schreef dit\?[\s\S]*wijzigingen/);
    for (const [name, html] of pagesOf(hers)) {
      assert.ok(!/<script|javascript:|https?:\/\//.test(html), `${name} has a script or an address in it`);
      assert.ok(!html.includes('< 36 uur'), `${name} is not escaped`);
    }
    for (const [name, { data }] of hers) {
      assert.ok(!data.toString('utf8').includes(PRIVATE), `${name} has the coach's own words`);
    }
    for (const [name, doc] of documentsOf(hers)) {
      assert.ok(!content(doc).includes('geheugensteun'), `${name} has the coach's own words`);
      assert.ok(!content(Automerge.getAllChanges(doc).map((it) => Automerge.decodeChange(it))).includes('geheugensteun'));
    }
    await server.start();
    await synchronised(employee, 60_000);

    // Each page can be opened from the disk, and is accessible there too.
    const [name, html] = pagesOf(hers).find(([, html]) => read(html).includes(REASON));
    const tab = await phone.context.newPage();
    await tab.setContent(html);
    await tab.getByText('Wie schreef dit?').waitFor();
    await accessible(tab, name);
    await tab.setContent(index);
    await accessible(tab, 'lees-mij.html');
    await tab.close();

    await myData(coach);
    const mine = await taken(coach);
    for (const words of [PRIVATE, SHARED]) {
      const { pages, documents } = says(mine, words);
      assert.deepEqual([pages.length, documents.length], [1, 1], words);
      assert.match(pages[0], /^Sanne Bakker [\d-]+\//);
    }
    assert.deepEqual(says(mine, REASON), { pages: [], documents: [] });

    const [adviser] = await device('adviseur', DESK);
    await myData(adviser);
    const theirs = await taken(adviser);
    for (const words of [PRIVATE, SHARED, REASON]) assert.deepEqual(says(theirs, words), { pages: [], documents: [] });
    assert.ok([...theirs.keys()].some((it) => it.includes('intake')), [...theirs.keys()].join('\n'));
  } finally {
    await server.remove();
    for (const it of devices) await it.close();
  }
});

test('what cannot be read is named on the page and in the file, and nothing is left out without a word', async () => {
  const server = await Server.start();
  const phone = await Device.make(server, { size: PHONE, acceptDownloads: true });
  try {
    await failingReads(phone.context);
    const page = await signIn(phone, 'medewerker1');
    // Hers to read, and hers or about her: what the page before has read already is in memory, the rest is not.
    const { documents } = await (await bytesFor(server, 'medewerker1')).directory();
    const hers = documents.filter(({ kind }) => kind !== 'coach_profile').length;
    await page.reload();
    await unlock(page);
    await page.evaluate(() => (window.failReads = true));
    await myData(page);
    const files = await taken(page);
    const index = read(files.get('lees-mij.html').data.toString('utf8'));
    const unread = /: kon nu niet worden gelezen/g;
    const named = index.match(unread) ?? [];
    assert.ok(named.length > 0, index);
    assert.ok(documentsOf(files).length + named.length >= hers, index);
    const notice = page.getByRole('alert').filter({ hasText: 'Dit kon niet worden gelezen en zit er niet in' });
    assert.equal((await notice.innerText()).match(unread).length, named.length);
    await accessible(page, 'Mijn gegevens with what could not be read');
  } finally {
    await server.remove();
    await phone.close();
  }
});

test('her own form is erased at once, and from a device that was away when it comes back', async () => {
  const server = await Server.start();
  const phone = await Device.make(server, { size: PHONE, restartable: true });
  const desk = await Device.make(server, { size: DESK });
  try {
    let away = await signIn(phone, 'medewerker1');
    await employeeWrites(away);
    const { documents } = await (await bytesFor(server, 'medewerker1')).directory();
    const draft = documents.find(({ kind }) => kind === 'reflection_draft').id.toString('base64url');
    const held = async (page) => (await keys(page, 'items')).filter((key) => key.startsWith(draft)).length;
    assert.ok((await held(away)) > 1);
    await away.close();

    const page = await signIn(desk, 'medewerker1');
    await myData(page);
    await page.getByLabel('Mijn reflectieformulier (alleen ik kan dat lezen)').check();
    await page.getByRole('button', { name: 'Nu wissen' }).click();
    const sure = page.getByRole('dialog', { name: 'Nu wissen?' });
    await accessible(page, 'the question before erasing');
    await sure.getByRole('button', { name: 'Nu wissen' }).click();
    await page.getByRole('heading', { name: 'Mijn verzoeken' }).waitFor();
    await page.getByText('Gewist: reflectieformulier: 1.').waitFor();
    await until(page, async () => (await held(page)) === 0, 'the device still has what was erased');
    await page.goto('/loopbaan/formulier/a');
    await unlock(page);
    await page.getByLabel(/^Wat brengt je hier\?/).waitFor();
    assert.equal(await page.getByLabel(/^Wat brengt je hier\?/).inputValue(), '');

    away = await phone.restart();
    await away.goto('/loopbaan/formulier/a');
    await unlock(away);
    await until(away, async () => (await held(away)) === 0, 'the device that was away still has what was erased');
    await until(away, async () => (await away.getByLabel(/^Wat brengt je hier\?/).inputValue()) === '', 'the form is not empty');
    assert.equal(await away.getByText(REASON).count(), 0);
  } finally {
    await server.remove();
    for (const it of [phone, desk]) await it.close();
  }
});

test('a trajectory is erased by the adviser, the coach and the administrator, each with the step that is hers', async () => {
  const server = await Server.start();
  const [hers, coachs, desk, office] = await Promise.all([PHONE, TABLET, DESK, DESK].map((size) => Device.make(server, { size, restartable: size === TABLET })));
  try {
    const coach = await signIn(coachs, 'coach1');
    await coachWrites(coach);
    const session = await bytesFor(server, 'coach1');
    const of = async (kind) => {
      const { documents, trajectories, people } = await session.directory();
      const sanne = people.find(({ name }) => name === 'Sanne Bakker').id;
      const { id } = trajectories.find(({ employee }) => employee === sanne);
      return documents.find((it) => it.kind === kind && it.trajectory === id).id.toString('base64url');
    };
    const [notes, shared] = [await of('working_notes'), await of('shared_notes')];
    const held = async (page, doc) => (await keys(page, 'items')).filter((key) => key.startsWith(doc)).length;
    assert.ok((await held(coach, notes)) > 1);

    // By keyboard alone.
    const page = await signIn(hers, 'medewerker1');
    await myData(page);
    const focused = (locator) => locator.evaluate((element) => element === document.activeElement);
    const tabTo = async (locator) => {
      await locator.waitFor();
      for (let i = 0; i < 80; i += 1) {
        await page.keyboard.press('Tab');
        if (await focused(locator)) return;
      }
      assert.fail(`the keyboard does not reach ${locator}`);
    };
    await tabTo(page.getByRole('radio', { name: /^Mijn reflectieformulier/ }));
    await page.keyboard.press('ArrowDown');
    assert.ok(await page.getByRole('radio', { name: /^Mijn traject van/ }).isChecked());
    await tabTo(page.getByRole('button', { name: 'Wissen aanvragen' }));
    await page.keyboard.press('Enter');
    const sure = page.getByRole('dialog', { name: 'Wissen aanvragen?' });
    await sure.waitFor();
    await tabTo(sure.getByRole('button', { name: 'Wissen aanvragen' }));
    await page.keyboard.press('Enter');
    await page.getByText('De loopbaanadviseur kijkt ernaar.').waitFor();
    await accessible(page, 'Mijn gegevens with a request');

    const adviser = await signIn(desk, 'adviseur');
    await requests(adviser);
    const asked = adviser.getByRole('region', { name: 'Traject wissen: Sanne Bakker' });
    await asked.waitFor();
    await accessible(adviser, 'Verzoeken of the adviser');
    await asked.getByRole('button', { name: 'Laat zien wat er over Sanne Bakker is' }).click();
    await asked.getByRole('row').filter({ hasText: 'werkaantekeningen' }).waitFor();
    await accessible(adviser, 'what there is');
    const agree = asked.getByRole('button', { name: 'Akkoord: laten wissen' });
    assert.equal(await agree.getAttribute('aria-disabled'), 'true');
    await asked.getByLabel(/^Ik heb nagegaan/).check();
    await asked.getByLabel(/^Het traject loopt nog/).check();
    await agree.click();
    await asked.getByText('De loopbaanadviseur is akkoord.').waitFor();

    const administrator = await signIn(office, 'beheer');
    await requests(administrator);
    const toDo = administrator.getByRole('region', { name: 'Traject wissen: Sanne Bakker' });
    await toDo.getByText('Wissen kan zodra iedereen heeft gekeken.').waitFor();
    assert.equal(await toDo.getByRole('button', { name: 'Definitief wissen' }).count(), 0);
    await accessible(administrator, 'Verzoeken of the administrator');

    // Who was away when she was asked finds it when she comes back, and is away again when it is carried out.
    await requests(coach);
    const mine = coach.getByRole('region', { name: 'Traject wissen: Sanne Bakker' });
    await accessible(coach, 'Verzoeken of the coach');
    await mine.getByRole('button', { name: 'Bekeken: mag worden gewist' }).click();
    await mine.getByText('Je antwoord: bekeken: mag worden gewist').waitFor();
    await synchronised(coach);
    await coach.close();

    await toDo.getByRole('button', { name: 'Definitief wissen' }).click();
    const final = administrator.getByRole('dialog', { name: 'Gegevens van Sanne Bakker definitief wissen?' });
    await accessible(administrator, 'the question before destroying');
    await final.getByRole('button', { name: 'Definitief wissen' }).click();
    await toDo.waitFor({ state: 'detached' });
    await administrator.getByText('Afgehandeld').click();
    await administrator.getByText(/Gewist: .*werkaantekeningen van een coach: 1/).waitFor();

    await page.getByText(/Gewist: .*gedeelde notities, doelen en acties: 1/).waitFor();
    await until(page, async () => (await held(page, shared)) === 0, 'her phone still has the shared notes');
    const back = await coachs.restart();
    await back.goto('/trajecten');
    await unlock(back);
    await until(back, async () => (await held(back, notes)) + (await held(back, shared)) === 0, 'the tablet still has what was erased');
    // The list follows the directory, which comes by itself.
    await back.getByRole('main').getByRole('link', { name: 'Sanne Bakker' }).waitFor({ state: 'detached' });
  } finally {
    await server.remove();
    for (const it of [hers, coachs, desk, office]) await it.close();
  }
});

test('an access request is answered by who holds something, and the administrator sees no word of it', async () => {
  const server = await Server.start();
  const [hers, coachs, desk, office] = await Promise.all([PHONE, TABLET, DESK, DESK].map((size) => Device.make(server, { size })));
  try {
    const coach = await signIn(coachs, 'coach1');
    await coachWrites(coach);
    const page = await signIn(hers, 'medewerker1');
    await myData(page);
    await page.getByRole('button', { name: 'Inzage vragen' }).click();
    await page.getByText('Er wordt gezocht.').waitFor();
    await page.getByText('Coach, over eigen werkaantekeningen: nog niet bekeken').waitFor();
    await page.getByText(/Antwoord uiterlijk op/).waitFor();

    await requests(coach);
    const asked = coach.getByRole('region', { name: 'Inzageverzoek: Sanne Bakker' });
    await asked.getByLabel(/^Zoeken in wat je over Sanne/).fill('AVONDDIENSTEN');
    await asked.getByRole('button', { name: 'Zoeken' }).click();
    await asked.getByText(/twijfelt over de avonddiensten/).waitFor();
    await accessible(coach, 'what was found');
    const files = await taken(coach, 'Wat ik over Sanne Bakker heb in één bestand opslaan');
    assert.deepEqual(says(files, PRIVATE).documents.length, 1);
    assert.ok([...files.keys()].every((it) => it === 'lees-mij.html' || it.startsWith('Sanne Bakker ')), [...files.keys()].join('\n'));
    await asked.getByRole('button', { name: 'Bekeken: verstrekt' }).click();
    await asked.getByText('Je antwoord: bekeken: verstrekt').waitFor();

    const administrator = await signIn(office, 'beheer');
    await requests(administrator);
    const overseen = administrator.getByRole('region', { name: 'Inzageverzoek: Sanne Bakker' });
    await overseen.getByRole('button', { name: 'Laat zien wat er over Sanne Bakker is' }).click();
    const row = overseen.getByRole('row').filter({ hasText: 'werkaantekeningen' });
    await row.waitFor();
    assert.ok(!(await administrator.content()).includes('avonddiensten'));
    await overseen.getByText('Afronden kan zodra iedereen die gevraagd is, heeft gekeken.').waitFor();

    const adviser = await signIn(desk, 'adviseur');
    await requests(adviser);
    const hersToo = adviser.getByRole('region', { name: 'Inzageverzoek: Sanne Bakker' });
    await hersToo.getByLabel('Reden als het niet kan').selectOption({ label: 'dit gaat ook over anderen.' });
    await hersToo.getByRole('button', { name: 'Bekeken: niet verstrekt' }).click();
    await page.getByText('Loopbaanadviseur: bekeken: niet verstrekt, dit gaat ook over anderen.').waitFor();

    await overseen.getByRole('button', { name: 'Verzoek afronden' }).click();
    await page.getByText('Beantwoord.').waitFor();
    await accessible(page, 'Mijn gegevens with an answered request');
    await asked.waitFor({ state: 'detached' });
  } finally {
    await server.remove();
    for (const it of [hers, coachs, desk, office]) await it.close();
  }
});
