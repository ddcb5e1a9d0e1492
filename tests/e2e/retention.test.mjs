// An administrator makes a period shorter, who loses something is warned, and once it is over it is gone: on the server,
// on a device that listens and on one that was away. The log says what was done.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { toText } from '../contract/client/bytes.mjs';
import { Server, binary } from '../contract/client/server.mjs';
import { Session } from '../contract/client/session.mjs';
import { DESK, Device, PHONE, TABLET, accessible, closeBrowser, until } from './harness/browser.mjs';
import { heading, signIn, synchronised, unlock } from './harness/person.mjs';
import { dump } from './harness/storage.mjs';

after(closeBrowser);

/** The server's program, on the data of a server that is running. */
const program = (server, ...args) => execFileSync(binary(), [...args, '--data', server.data], { encoding: 'utf8' });

const section = (page, name) => page.getByRole('region', { name, exact: true });
const warning = (page) => page.getByText('Dit wordt binnenkort vernietigd');

/** Whether a device keeps anything that was written in a document. */
async function holds(page, doc) {
  const kept = await dump(page);
  return kept.some(({ place, bytes }) => /\/(items|snapshots) key /.test(place) && bytes.includes(doc));
}

test('a shorter period is looked at before it is set, is warned of, and then destroys on every device', async () => {
  const server = await Server.start();
  const desk = await Device.make(server, { size: DESK });
  const listening = await Device.make(server, { size: TABLET });
  const away = await Device.make(server, { size: PHONE, restartable: true });
  try {
    const coach = await Session.signIn(server, 'coach2');
    const { documents, trajectories } = await coach.directory();
    const isClosed = (id) => trajectories.some((it) => it.id === id && it.state === 'closed');
    const doc = toText(documents.find((it) => it.kind === 'working_notes' && isClosed(it.trajectory)).id);

    const admin = await signIn(desk, 'beheer');
    await admin.getByRole('link', { name: 'Bewaartermijnen' }).click();
    await heading(admin, 'Bewaartermijnen').waitFor();
    const notes = section(admin, 'Werkaantekeningen van coaches');
    await notes.getByText('3 maanden na het afronden van het traject').waitFor();
    await notes.locator('summary').click();
    await notes.getByLabel('Hoe lang').fill('0');
    await notes.getByRole('button', { name: 'Bekijk wat dit doet' }).click();
    await notes.getByText('Vul een getal in van minstens 30 dagen').waitFor();
    await notes.getByLabel('Hoe lang').fill('30');
    await notes.getByLabel('Eenheid').selectOption('days');
    await notes.getByRole('button', { name: 'Bekijk wat dit doet' }).click();
    await notes.getByText(/Op die dag gaan er meteen weg: \d+\./).waitFor();
    await accessible(admin, 'a period that is looked at');
    assert.match(await notes.innerText(), /3 maanden na het afronden/);
    await notes.getByRole('button', { name: 'Bewaren' }).click();
    await notes.getByText(/^Vanaf .* 2\d{3}: 30 dagen\.$/).waitFor();

    const tablet = await signIn(listening, 'coach2');
    await warning(tablet).waitFor();
    await accessible(tablet, 'Vandaag with a warning');
    assert.equal(await tablet.getByRole('link', { name: 'Naar mijn gegevens' }).getAttribute('href'), '/mijn-gegevens');
    const phone = await signIn(away, 'coach2');
    await warning(phone).waitFor();
    assert.ok((await holds(tablet, doc)) && (await holds(phone, doc)), 'both devices hold the notes');

    const back = await away.restart(() => {
      assert.match(program(server, 'retention', 'run', '--days-ahead', '31'), /Destroyed: [1-9]/);
    });
    await until(tablet, async () => !(await holds(tablet, doc)), 'the notes stay on the device that listens');
    await until(tablet, async () => (await warning(tablet).count()) === 0, 'the warning stays');
    await back.goto('/');
    await heading(back, 'Ontgrendelen').waitFor();
    assert.ok(await holds(back, doc), 'nothing was told to the device that was away');
    await unlock(back);
    await synchronised(back);
    await until(back, async () => !(await holds(back, doc)), 'the notes stay on the device that was away');
    assert.ok((await coach.directory()).documents.every(({ id }) => toText(id) !== doc));

    await admin.reload();
    await unlock(admin);
    await admin.getByRole('region', { name: 'Vernietigd', exact: true }).getByText(doc).waitFor();
    await admin.getByRole('link', { name: 'Logboek' }).click();
    await heading(admin, 'Logboek').waitFor();
    await admin.getByRole('row').filter({ hasText: 'Document vernietigd' }).first().waitFor();
    await admin.getByLabel('Wat', { exact: true }).selectOption('set_retention');
    await until(admin, async () => (await admin.getByRole('row').count()) === 2, 'the log is not filtered');
    const row = admin.getByRole('row').nth(1);
    await row.getByText('Werkaantekeningen van coaches: 30 dagen').waitFor();
    const saving = admin.waitForEvent('download');
    await admin.getByRole('button', { name: 'Opslaan als CSV' }).click();
    const csv = readFileSync(await (await saving).path(), 'utf8');
    assert.match(csv, /"set_retention","working_notes:30_days"/);
    assert.equal(csv.trim().split('\n').length, 2);
    const head = await admin.locator('main code').last().innerText();
    assert.match(program(server, 'audit', 'verify', '--head', head), /is what was written/);

    await desk.context.setOffline(true);
    await server.stop('SIGKILL');
    await admin.getByLabel('Wat', { exact: true }).selectOption('sign_in');
    await admin.getByText('Dit staat alleen op de server.').waitFor();
    await accessible(admin, 'Logboek without a network');
  } finally {
    await server.remove();
    for (const device of [desk, listening, away]) await device.close();
  }
});
