// What the server refuses of this device for good is said again, and nothing that was typed is lost by it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { DESK, Device, TABLET, closeBrowser } from './harness/browser.mjs';
import { Copy, keys, slowReads } from './harness/disk.mjs';
import { installed, saved, signIn, synchronised, unlock } from './harness/person.mjs';

after(closeBrowser);

const mine = (page) => page.getByRole('region', { name: 'Alleen ik' }).getByLabel('Mijn aantekeningen');

/** Every run of this device writes under the same actor, as a copy of a running machine does. */
const oneActor = (context) =>
  context.addInitScript(() => {
    const real = Crypto.prototype.getRandomValues;
    let first = true;
    Crypto.prototype.getRandomValues = function (into) {
      if (into.byteLength !== 8 || !first) return real.call(this, into);
      first = false;
      new Uint8Array(into.buffer, into.byteOffset, 8).fill(7);
      return into;
    };
  });

const text = (page) => mine(page).inputValue();

async function write(page, words) {
  await mine(page).focus();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText(words);
}

test('a device put back to an earlier moment while it was writing loses nothing, nor what is typed meanwhile', async () => {
  const server = await Server.start();
  const tablet = await Device.make(server, { size: TABLET, restartable: true });
  const desk = await Device.make(server, { size: DESK });
  let copy;
  try {
    let page = await signIn(tablet, 'coach1');
    await installed(page);
    await page.getByRole('button', { name: 'Nieuwe notitie bij Sanne Bakker' }).click();
    await mine(page).fill('Begin. ');
    await synchronised(page);
    const place = new URL(page.url()).pathname;

    page = await tablet.restart(() => (copy = new Copy(tablet)));
    await oneActor(tablet.context);
    await page.goto(place);
    await unlock(page);
    await write(page, 'Dit weet de server. ');
    await synchronised(page);

    // The same actor, from the same moment, with other words: a history that the log cannot hold too.
    page = await tablet.restart(() => copy.restore());
    await oneActor(tablet.context);
    await slowReads(page);
    await server.stop('SIGKILL');
    await page.goto(place);
    await unlock(page);
    await write(page, 'Dit weet de server niet. ');
    await saved(page);
    await write(page, 'En dit bouwt daarop. ');
    await saved(page);
    assert.equal(await text(page), 'Begin. Dit weet de server niet. En dit bouwt daarop. ');

    await page.evaluate(() => (window.holdReads = true));
    await server.start();
    // The device reads its own items when it offers them, and again when it says them anew: something is typed
    // each time, and is not even a change yet when the reading goes on.
    const typed = [];
    for (const words of ['Een. ', 'Twee. ']) {
      await page.waitForFunction(() => window.reads.length > 0, undefined, { timeout: 60_000 });
      await write(page, words);
      typed.push(words);
      await page.evaluate(() => window.reads.shift()());
    }
    await page.evaluate(() => {
      window.holdReads = false;
      window.reads.splice(0).forEach((read) => read());
    });
    await synchronised(page, 60_000);

    // It really happened: the changes are kept, and marked as said again.
    const replaced = (await keys(page, 'outbox')).filter((key) => key.startsWith('replaced/'));
    assert.ok(replaced.length >= 3, `${replaced.length} changes were replaced`);

    const all = ['Begin. ', 'Dit weet de server. ', 'Dit weet de server niet. ', 'En dit bouwt daarop. ', ...typed];
    const whole = await text(page);
    for (const words of all) assert.equal(whole.split(words).length, 2, `${words} in: ${whole}`);
    assert.equal(whole.length, all.join('').length, whole);
    assert.equal(await page.getByText('Actie nodig').count(), 0);

    // Everything is at the server, and another device has the same.
    const other = await signIn(desk, 'coach1');
    await other.goto(place);
    await unlock(other);
    await other.waitForFunction((wanted) => [...document.querySelectorAll('textarea')].some((it) => it.value === wanted), whole);
    // A new start has nothing left to mend.
    await page.reload();
    await unlock(page);
    await synchronised(page);
    assert.equal(await text(page), whole);
  } finally {
    await server.remove();
    for (const device of [tablet, desk]) await device.close();
    copy?.remove();
  }
});
