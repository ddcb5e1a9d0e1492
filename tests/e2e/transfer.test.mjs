// A transfer: the adviser asks a successor, who begins with empty notes; the employee hands hers over; who was the coach
// keeps her own. Four people, each on a device of their own, every step arriving live.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, TABLET, accessible, closeBrowser } from './harness/browser.mjs';
import { everythingFor, heading, signIn, synchronised } from './harness/person.mjs';

after(closeBrowser);

const WAIT = { timeout: 60_000 };

/** How many shared notes the server hands out to somebody. */
const sharedNotes = async (server, name) => (await everythingFor(server, name)).filter(({ kind }) => kind === 'shared_notes').length;

test('a successor begins with empty notes and reads the earlier ones once the employee hands them over', async () => {
  const server = await Server.start();
  const devices = {
    phone: await Device.make(server, { size: PHONE }),
    desk: await Device.make(server, { size: DESK }),
    tablet: await Device.make(server, { size: TABLET }),
    other: await Device.make(server, { size: TABLET }),
  };
  try {
    const employee = await signIn(devices.phone, 'medewerker1');
    const adviser = await signIn(devices.desk, 'adviseur');
    const coach = await signIn(devices.tablet, 'coach1');
    const successor = await signIn(devices.other, 'coach4');
    const before = await sharedNotes(server, 'coach4');

    await adviser.getByRole('link', { name: 'Sanne Bakker', exact: true }).first().click(WAIT);
    await heading(adviser, 'Intake met Sanne Bakker').waitFor();
    await accessible(adviser, 'a trajectory that can be transferred');
    await adviser.getByRole('link', { name: 'Overdragen' }).click();
    await heading(adviser, 'Een opvolger voor Sanne Bakker').waitFor();
    // Who works in her unit is left out, and so is the coach of now, each with the reason.
    await adviser.getByRole('listitem').filter({ hasText: 'Jeroen Hoekstra' }).getByText('Werkt op dezelfde afdeling: Publiekszaken').waitFor();
    await adviser.getByRole('listitem').filter({ hasText: 'Fatima El Amrani' }).getByText('Is nu de coach').waitFor();
    await accessible(adviser, 'finding a successor');
    await adviser.getByRole('button', { name: 'Vraag Rachid Bouzid' }).click();
    await adviser.getByText(/^Rachid Bouzid is gevraagd om het over te nemen\./).waitFor(WAIT);

    // Until he accepts, nothing has changed.
    await successor.getByText(/^Je neemt dit traject over van een collega\./).waitFor(WAIT);
    await accessible(successor, 'a question to take over');
    assert.equal(await sharedNotes(server, 'coach4'), before);
    await coach.goto('/trajecten');
    await coach.getByLabel('Wachtzin', { exact: true }).fill('kastanje fiets lamp zeven');
    await coach.getByRole('button', { name: 'Openen' }).click();
    await coach.getByRole('link', { name: 'Sanne Bakker' }).click(WAIT);
    await coach.getByRole('heading', { level: 2, name: 'Gesprekken' }).waitFor();

    await successor.getByRole('button', { name: 'Aannemen: Sanne Bakker' }).click();
    await employee.getByRole('heading', { name: 'Wil je je gedeelde notities meegeven?' }).waitFor(WAIT);
    await employee.getByText(/Rachid Bouzid is je nieuwe coach en begint met lege notities\./).waitFor();
    await accessible(employee, 'whether to hand the notes over');

    // Who was the coach keeps her own notes, on the page that she had open.
    await coach.getByText(/^Je hebt dit traject overgedragen\./).waitFor(WAIT);
    await coach.getByRole('heading', { name: 'Mijn aantekeningen' }).waitFor();
    await accessible(coach, 'a trajectory that was transferred');
    assert.ok(!(await everythingFor(server, 'coach1')).some(({ kind, text }) => kind === 'progress' && text.includes('Sanne')));

    assert.equal(await sharedNotes(server, 'coach4'), before + 1);
    await successor.getByRole('link', { name: 'Trajecten' }).first().click();
    await successor.getByRole('link', { name: 'Sanne Bakker' }).click(WAIT);
    await heading(successor, 'Sanne Bakker').waitFor();
    assert.equal(await successor.getByText('Gedeelde notities met Fatima El Amrani').count(), 0);

    await employee.getByRole('button', { name: 'Meegeven' }).click();
    await employee.getByRole('heading', { name: 'Wil je je gedeelde notities meegeven?' }).waitFor({ state: 'detached', ...WAIT });
    const earlier = successor.getByText('Gedeelde notities met Fatima El Amrani');
    await earlier.waitFor(WAIT);
    await earlier.click();
    await successor.getByText('De medewerker gaf je dit mee. Je kunt het lezen.').waitFor();
    const fold = successor.locator('details.earlier details.who');
    await fold.getByText('Wie kan dit zien?').click();
    await fold.getByText(/nieuwe coach, aan wie de medewerker dit meegaf, sinds /).waitFor(WAIT);
    await fold.getByText(/^Fatima El Amrani, voor het eerst op .*\(kan het nu niet meer zien\)$/).waitFor();
    await accessible(successor, 'notes that were handed over');
    assert.equal(await sharedNotes(server, 'coach4'), before + 2);

    // Without a connection the fold says what the device knows.
    await server.stop('SIGKILL');
    await employee.getByRole('link', { name: 'Naar het plan' }).or(employee.locator('main a[href^="/loopbaan/traject/"]')).first().click();
    const own = employee.locator('details.who').first();
    await own.getByText('Wie kan dit zien?').click();
    await own.getByText(/^Voor zover dit apparaat weet\./).waitFor(WAIT);
    await server.start();
    for (const page of [employee, adviser, coach, successor]) await synchronised(page, WAIT.timeout);
  } finally {
    await server.remove();
    for (const device of Object.values(devices)) await device.close();
  }
});

test('a coach whom the employee would rather not have is left out, for her and the adviser to see', async () => {
  const server = await Server.start();
  const devices = { phone: await Device.make(server, { size: PHONE }), desk: await Device.make(server, { size: DESK }) };
  try {
    const employee = await signIn(devices.phone, 'medewerker4');
    const adviser = await signIn(devices.desk, 'adviseur');
    await adviser.getByRole('link', { name: 'Coach zoeken voor Kees Jonker' }).click(WAIT);
    const left = (name) => adviser.getByRole('listitem').filter({ hasText: name });
    await left('Jeroen Hoekstra').getByText('De medewerker wil deze coach liever niet').waitFor();
    await left('Ingrid van Dalen').getByText('Is de leidinggevende van de medewerker').waitFor();
    await accessible(adviser, 'conflicts of interest');

    await employee.getByRole('link', { name: 'Alle onderdelen' }).click();
    await employee.locator('main a[href="/loopbaan/formulier/h"]').first().click();
    await employee.getByRole('heading', { name: 'Welke coach liever niet?' }).waitFor();
    assert.ok(await employee.getByLabel('Jeroen Hoekstra').isChecked());
    await employee.getByLabel('Tom Verhagen').check();
    await accessible(employee, 'whom she would rather not have');
    const choice = employee.getByRole('region', { name: 'Welke coach liever niet?' });
    await choice.getByRole('button', { name: 'Bewaren' }).click();
    await choice.getByText('Opgeslagen.').waitFor(WAIT);
    await left('Tom Verhagen').getByText('De medewerker wil deze coach liever niet').waitFor(WAIT);
    assert.ok(await employee.getByLabel('Tom Verhagen').isChecked());
    await employee.getByRole('button', { name: 'English' }).click();
    await employee.getByRole('heading', { name: 'Which coach rather not?' }).waitFor();
    await accessible(employee, 'whom she would rather not have, in English');
  } finally {
    await server.remove();
    for (const device of Object.values(devices)) await device.close();
  }
});
