// Accounts: invited, disabled and enabled by an administrator; a password chosen with a link, forgotten, and changed.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, PHONE, TABLET, accessible, closeBrowser, until } from './harness/browser.mjs';
import { Mailbox, linkIn } from './harness/mailbox.mjs';
import { PASSWORD, choosePassphrase, heading, signIn, synchronised, unlock } from './harness/person.mjs';

after(closeBrowser);

const CHOSEN = 'zeven gele tulpen in de regen';
const ANEW = 'negen rode tulpen in de sneeuw';
const SIGNED_OUT = 'Je bent afgemeld. Schrijven kan gewoon; meld je opnieuw aan om te synchroniseren.';

const picture = (page, name) => process.env.PICTURES && page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true });

/** Holds the page against the rules at the three widths. */
async function atEveryWidth(page, name) {
  for (const size of [PHONE, TABLET, DESK]) {
    await page.setViewportSize(size);
    await accessible(page, `${name} at ${size.width}`);
    await picture(page, `${name}-${size.width}`);
  }
}

/** Signs in with an address and a password of one's own. */
async function enter(page, email, password) {
  await page.getByLabel('E-mailadres').fill(email);
  await page.getByLabel('Wachtwoord', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Aanmelden' }).click();
}

async function choose(page, password) {
  await page.getByLabel('Nieuw wachtwoord', { exact: true }).fill(password);
  await page.getByLabel('Nog een keer').fill(password);
  await page.getByRole('button', { name: 'Wachtwoord bewaren' }).click();
}

/** Invites somebody by the form, and answers with the link that is shown. */
async function invite(page, { email, name, unit, roles = [] }) {
  await heading(page, 'Mensen').waitFor();
  await page.locator('summary').filter({ hasText: 'Iemand uitnodigen' }).click();
  await page.getByLabel('E-mailadres', { exact: true }).fill(email);
  await page.getByLabel('Naam', { exact: true }).fill(name);
  await page.getByLabel('Afdeling', { exact: true }).fill(unit);
  for (const role of roles) await page.getByLabel(role, { exact: true }).check();
  await page.getByRole('button', { name: 'Uitnodigen', exact: true }).click();
  const link = page.getByLabel('Link', { exact: true });
  await link.waitFor();
  return link.inputValue();
}

test('who is invited chooses a password and signs in; disabled, she is told at once; enabled, she goes on', async () => {
  const server = await Server.start();
  const office = await Device.make(server, { size: DESK });
  const home = await Device.make(server, { size: PHONE });
  const email = 'jet@demo.example';
  try {
    const desk = await signIn(office, 'beheer');
    const link = await invite(desk, { email, name: 'Jet Smit', unit: 'Groen', roles: ['trainer'] });
    assert.match(link, /^http:\/\/127\.0\.0\.1:\d+\/uitnodiging#[\w-]{43}$/);
    await desk.getByText('De link wordt niet gemaild.').waitFor();
    await atEveryWidth(desk, 'mensen-uitgenodigd');
    await desk.getByLabel(/^Zoek op/).fill('groen trainer');
    await desk.getByText(/^1 van \d+ mensen$/).waitFor();
    await desk.getByRole('row').filter({ hasText: 'uitgenodigd tot' }).getByRole('link', { name: 'Jet Smit' }).waitFor();

    const { page } = home;
    await page.goto(link);
    await heading(page, 'Welkom bij Loopbaanmaat').waitFor();
    await page.getByText(`Deze link is voor Jet Smit (${email}).`).waitFor();
    assert.equal(new URL(page.url()).hash, '', 'the secret stays in the address');
    await choose(page, 'Jet Smit Groen 2026');
    await page.getByText('Dit wachtwoord is te makkelijk te raden.').waitFor();
    await atEveryWidth(page, 'uitnodiging');
    await page.setViewportSize(PHONE);
    await choose(page, CHOSEN);
    await heading(page, 'Je wachtwoord is bewaard').waitFor();
    await accessible(page, 'a password is chosen');
    await page.getByRole('link', { name: 'Naar aanmelden' }).click();
    await enter(page, email, CHOSEN);
    await choosePassphrase(page);
    await heading(page, 'Programma').waitFor();

    const other = await office.tab();
    await other.goto(link);
    await heading(other, 'Deze link werkt niet meer').waitFor();
    await accessible(other, 'a link that is over');
    await other.close();

    await desk.getByRole('link', { name: 'Jet Smit' }).click();
    await heading(desk, 'Jet Smit').waitFor();
    await desk.getByRole('listitem').filter({ hasText: /Laatst gezien/ }).waitFor();
    await atEveryWidth(desk, 'mens');
    await desk.getByRole('button', { name: 'Uitschakelen' }).click();
    await desk.getByText('Uitgeschakeld. Overal afgemeld.').waitFor();
    await page.getByText(SIGNED_OUT).first().waitFor();
    await accessible(desk, 'a disabled account');
    await desk.getByRole('button', { name: 'Weer inschakelen' }).click();
    await desk.getByText('Weer ingeschakeld. Aanmelden kan weer.').waitFor();
    await page.getByRole('button', { name: 'Aanmelden' }).click();
    await enter(page, email, CHOSEN);
    await synchronised(page);

    // A role that is taken away takes its place in the navigation with it.
    await desk.getByLabel('trainer', { exact: true }).uncheck();
    await desk.getByRole('button', { name: 'Bewaren' }).click();
    await desk.getByText('Bewaard', { exact: true }).waitFor();
    await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: 'Programma' }).waitFor({ state: 'detached' });
  } finally {
    await server.remove();
    for (const device of [office, home]) await device.close();
  }
});

test('who has forgotten her password is mailed a link, and signs in with another one', async () => {
  const mailbox = await Mailbox.open();
  const server = await Server.start({ args: mailbox.args });
  const device = await Device.make(server, { size: PHONE });
  try {
    const { page } = device;
    await page.goto('/');
    await page.getByRole('link', { name: 'Wachtwoord vergeten?' }).click();
    await heading(page, 'Wachtwoord vergeten').waitFor();
    await page.getByRole('button', { name: 'Vraag een nieuw wachtwoord aan' }).click();
    await page.getByText('Vul je e-mailadres in.').waitFor();
    await atEveryWidth(page, 'wachtwoord-vergeten');
    // Whether there is such an account is not told.
    for (const email of ['niemand@demo.example', 'coach2@demo.example']) {
      await page.goto('/wachtwoord-vergeten');
      await page.getByLabel('E-mailadres').fill(email);
      await page.getByRole('button', { name: 'Vraag een nieuw wachtwoord aan' }).click();
      await heading(page, 'Je aanvraag is verstuurd').waitFor();
    }
    await accessible(page, 'a request that was sent');
    const letter = await mailbox.next();
    assert.deepEqual(letter.to, ['coach2@demo.example']);
    await page.goto(linkIn(letter));
    await heading(page, 'Kies een nieuw wachtwoord').waitFor();
    await atEveryWidth(page, 'wachtwoord');
    await choose(page, CHOSEN);
    await heading(page, 'Je wachtwoord is bewaard').waitFor();
    await page.getByRole('link', { name: 'Naar aanmelden' }).click();
    await enter(page, 'coach2@demo.example', PASSWORD);
    await page.getByText('Het e-mailadres of het wachtwoord klopt niet.').waitFor();
    await enter(page, 'coach2@demo.example', CHOSEN);
    await choosePassphrase(page);
  } finally {
    await server.remove();
    await mailbox.close();
    await device.close();
  }
});

test('a link is used by keyboard alone, and waits for a connection in words', async () => {
  const server = await Server.start();
  const office = await Device.make(server, { size: DESK });
  const home = await Device.make(server, { size: DESK });
  try {
    const desk = await signIn(office, 'beheer');
    const link = await invite(desk, { email: 'jet@demo.example', name: 'Jet Smit', unit: '' });
    const { page } = home;
    await page.goto('/privacy');
    await page.evaluate(() => navigator.serviceWorker.ready);
    await server.stop();
    await page.goto(link);
    await page.getByText('Je hebt verbinding nodig om een wachtwoord te kiezen.').waitFor();
    await accessible(page, 'a link without a connection');
    await desk.getByText('Geen verbinding. Je ziet wie er is.').waitFor();
    await desk.getByRole('row').filter({ hasText: 'Sanne Bakker' }).waitFor();
    await desk.getByRole('link', { name: 'Jet Smit' }).click();
    await heading(desk, 'Jet Smit').waitFor();
    // What is not known is not shown as if it were empty.
    assert.equal(await desk.getByLabel('Leidinggevende', { exact: true }).count(), 0);
    assert.equal(await desk.getByLabel('E-mailadres', { exact: true }).count(), 0);
    await desk.getByRole('button', { name: 'Uitschakelen' }).click();
    await desk.getByText('De server is niet bereikbaar. Er is niets veranderd.').waitFor();
    await server.start();
    await page.getByRole('button', { name: 'Opnieuw proberen' }).click();

    const focused = (locator) => locator.evaluate((element) => element === document.activeElement);
    const tabTo = async (locator) => {
      await locator.waitFor();
      for (let i = 0; i < 40; i += 1) {
        await page.keyboard.press('Tab');
        if (await focused(locator)) return;
      }
      assert.fail(`the keyboard does not reach ${locator}`);
    };
    await tabTo(page.getByLabel('Nieuw wachtwoord', { exact: true }));
    await page.keyboard.type(CHOSEN);
    await tabTo(page.getByLabel('Nog een keer'));
    await page.keyboard.type(CHOSEN);
    await page.keyboard.press('Enter');
    await heading(page, 'Je wachtwoord is bewaard').waitFor();
    await tabTo(page.getByRole('link', { name: 'Naar aanmelden' }));
    await page.keyboard.press('Enter');
    await heading(page, 'Aanmelden').waitFor();
  } finally {
    await server.remove();
    for (const device of [office, home]) await device.close();
  }
});

test('who changes her password is signed out elsewhere and not here, and names her devices', async () => {
  const server = await Server.start();
  const here = await Device.make(server, { size: DESK });
  const there = await Device.make(server, { size: PHONE });
  try {
    const page = await signIn(here, 'coach3');
    const far = await signIn(there, 'coach3');
    await page.getByRole('link', { name: 'Instellingen' }).click();
    await page.locator('summary').filter({ hasText: 'Wachtwoord veranderen' }).click();
    await page.getByLabel('Wachtwoord van nu').fill('verkeerd');
    for (const label of ['Nieuw wachtwoord', 'Nog een keer']) {
      // The words for another passphrase, folded away on the same page, have the same label.
      await page.getByRole('textbox', { name: label, exact: true }).fill(ANEW);
    }
    const submit = page.getByRole('button', { name: 'Wachtwoord veranderen' });
    await submit.click();
    await page.getByText('Het wachtwoord van nu klopt niet.').waitFor();
    await atEveryWidth(page, 'instellingen-wachtwoord');
    await page.getByLabel('Wachtwoord van nu').fill(PASSWORD);
    await submit.click();
    await page.getByText('Je wachtwoord is veranderd.').waitFor();
    await far.getByText(SIGNED_OUT).first().waitFor();
    await page.getByRole('link', { name: 'Mijn apparaten' }).click();
    const mine = page.getByRole('main').getByRole('listitem').filter({ hasText: 'dit apparaat' });
    await mine.getByRole('button', { name: /^Naam veranderen/ }).click();
    await page.getByLabel('Naam van dit apparaat').fill(' ');
    await page.keyboard.press('Enter');
    await page.getByText('Geef een naam van hooguit 100 tekens.').waitFor();
    await atEveryWidth(page, 'apparaten-naam');
    await page.getByLabel('Naam van dit apparaat').fill('Werktablet');
    await page.keyboard.press('Enter');
    await mine.getByText('Werktablet', { exact: true }).waitFor();
    await synchronised(page);
    // It is the server that says so, also to who starts anew.
    await page.reload();
    await unlock(page);
    await mine.getByText('Werktablet', { exact: true }).waitFor();
  } finally {
    await server.remove();
    for (const device of [here, there]) await device.close();
  }
});

test('another address and a line manager are kept, and the log has words for it', async () => {
  const server = await Server.start();
  const office = await Device.make(server, { size: DESK });
  try {
    const page = await signIn(office, 'beheer');
    const open = async () => {
      await page.getByRole('link', { name: 'Mensen', exact: true }).click();
      await page.getByRole('link', { name: 'Sanne Bakker', exact: true }).click();
      await heading(page, 'Sanne Bakker').waitFor();
    };
    await open();
    const manager = page.getByLabel('Leidinggevende', { exact: true });
    const chosen = () => manager.evaluate((it) => it.selectedOptions[0].textContent);
    await manager.selectOption({ label: 'Kees Jonker' });
    await page.getByLabel('E-mailadres', { exact: true }).fill('geen adres');
    await page.getByRole('button', { name: 'Bewaren' }).click();
    await page.getByText('Dit is geen e-mailadres.').waitFor();
    await page.getByLabel('E-mailadres', { exact: true }).fill('sanne@demo.example');
    await page.getByRole('button', { name: 'Bewaren' }).click();
    await page.getByText('Bewaard', { exact: true }).waitFor();
    await atEveryWidth(page, 'persoon');
    await page.getByRole('link', { name: 'Logboek' }).click();
    await page.getByRole('cell', { name: 'Leidinggevende veranderd' }).waitFor();
    await page.getByRole('cell', { name: 'Account veranderd' }).waitFor();
    await open();
    await until(page, async () => (await chosen()) === 'Kees Jonker', 'the manager is shown');
    assert.equal(await page.getByLabel('E-mailadres', { exact: true }).inputValue(), 'sanne@demo.example');
  } finally {
    await server.remove();
    await office.close();
  }
});
