// From registration to a coach: employee, adviser and coach each on a device of their own, every step arriving live.
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, TABLET, accessible, closeBrowser } from './harness/browser.mjs';
import { heading, installed, signIn, synchronised } from './harness/person.mjs';

after(closeBrowser);

const WAIT = { timeout: 60_000 };

test('a registration made without the server becomes a trajectory with a coach, on three devices, without a reload', async () => {
  const server = await Server.start();
  const devices = {
    phone: await Device.make(server, { size: PHONE }),
    desk: await Device.make(server, { size: DESK }),
    tablet: await Device.make(server, { size: TABLET }),
  };
  try {
    const employee = await signIn(devices.phone, 'medewerker12');
    const adviser = await signIn(devices.desk, 'adviseur');
    const coach = await signIn(devices.tablet, 'coach6');
    await heading(adviser, 'Overzicht').waitFor();
    await heading(coach, 'Vandaag').waitFor();
    await installed(employee);

    await server.stop('SIGKILL');
    await employee.getByRole('button', { name: 'Aanmelden voor een loopbaangesprek' }).click();
    await employee.getByText('Je aanmelding staat klaar.').waitFor();
    await accessible(employee, 'a registration that waits');
    await server.start();
    await employee.getByText(/^Je bent aangemeld\./).waitFor(WAIT);

    await adviser.getByRole('link', { name: 'Naar de intake van Noah Lindeman' }).click(WAIT);
    await heading(adviser, 'Intake met Noah Lindeman').waitFor();
    await adviser.getByRole('button', { name: 'De intake is geweest' }).click();
    await employee.getByText(/^Je eerste gesprek is geweest\./).waitFor(WAIT);
    await adviser.getByRole('main').getByRole('link', { name: 'Coach zoeken' }).click();
    await adviser.getByRole('button', { name: 'Vraag Tom Verhagen' }).click();
    await employee.getByText('Tom Verhagen is gevraagd om je coach te zijn.').waitFor(WAIT);

    await coach.getByRole('button', { name: 'Aannemen: Noah Lindeman' }).click(WAIT);
    await coach.getByRole('button', { name: 'Nieuwe notitie bij Noah Lindeman' }).waitFor(WAIT);
    await accessible(coach, 'the day of a coach who accepted');
    await employee.getByText('Tom Verhagen').first().waitFor(WAIT);
    await employee.getByRole('listitem').filter({ hasText: 'Begeleiding' }).and(employee.locator('[aria-current=step]')).waitFor(WAIT);
    await accessible(employee, 'a trajectory with a coach');
    for (const page of [employee, adviser, coach]) await synchronised(page);
  } finally {
    await server.remove();
    for (const device of Object.values(devices)) await device.close();
  }
});
