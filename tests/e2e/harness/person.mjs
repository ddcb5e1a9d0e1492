// What every journey begins with: signing in, choosing and typing the passphrase, and what the state line says.
import { Session } from '../../contract/client/session.mjs';

export const PASSWORD = 'demo-loopbaanmaat';
export const PASSPHRASE = 'kastanje fiets lamp zeven';

export const heading = (page, name) => page.getByRole('heading', { name, level: 1, exact: true });

/** The first time on a device: sign in, choose a passphrase, and wait until everything is here. */
export async function signIn(device, name) {
  const { page } = device;
  await page.goto('/');
  await page.getByLabel('E-mailadres').fill(`${name}@demo.example`);
  await page.getByLabel('Wachtwoord', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Aanmelden', exact: true }).click();
  await choosePassphrase(page);
  return page;
}

/** The first time on a device, once the sign-in is done. */
export async function choosePassphrase(page) {
  await heading(page, 'Kies een wachtzin').waitFor();
  await page.getByLabel('Wachtzin', { exact: true }).fill(PASSPHRASE);
  await page.getByLabel('Nog een keer').fill(PASSPHRASE);
  await page.getByRole('button', { name: 'Verder' }).click();
  await synchronised(page);
}

/** Opens a device that has its passphrase already. */
export async function unlock(page) {
  await heading(page, 'Ontgrendelen').waitFor();
  await page.getByLabel('Wachtzin', { exact: true }).fill(PASSPHRASE);
  await page.getByRole('button', { name: 'Openen' }).click();
  await heading(page, 'Ontgrendelen').waitFor({ state: 'detached' });
}

const stateLine = (page, words) => page.locator('summary').filter({ hasText: words }).first();

/** Everything is on this device, and some of it not yet on the server. */
export const saved = (page) => stateLine(page, /^Op dit apparaat opgeslagen/).waitFor();

/** Everything is on this device and on the server. */
export const synchronised = (page, timeout) => stateLine(page, /^Gesynchroniseerd/).waitFor({ timeout });

/** The service worker has everything that the page needs to start without a network. */
export const installed = (page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const worker = registration.active;
    if (worker.state === 'activated') return;
    await new Promise((resolve) => worker.addEventListener('statechange', () => worker.state === 'activated' && resolve()));
  });

/** Another client of the same person, to see which bytes the server hands out. */
export const bytesFor = (server, name) => Session.signIn(server, name);

/** Every byte that the server hands out to a person, as one text. */
export async function everythingFor(server, name) {
  const session = await bytesFor(server, name);
  const { documents } = await session.directory();
  const kept = [];
  for (const { id, kind } of documents) {
    const replica = session.replica(id);
    await session.read(replica);
    kept.push({ kind, text: `${JSON.stringify(replica.content, (_, value) => (typeof value === 'bigint' ? `${value}` : value))} ${replica.items.map(({ data }) => data.toString('utf8')).join(' ')}` });
  }
  return kept;
}
