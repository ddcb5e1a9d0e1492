// A page that goes on with a document which has been deleted beneath it, as another tab of its device does.
import { after, test } from 'node:test';
import { Server } from '../contract/client/server.mjs';
import { Session } from '../contract/client/session.mjs';
import { DESK, Device, closeBrowser, until } from './harness/browser.mjs';
import { keys } from './harness/disk.mjs';
import { installed, signIn } from './harness/person.mjs';

after(closeBrowser);

/** Deletes everything of a document from the device's disk, in one transaction. */
const deleteBeneath = (page, document) =>
  page.evaluate(async (doc) => {
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('loopbaanmaat');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const stores = ['items', 'cursors', 'outbox', 'snapshots', 'blobs'];
    const transaction = database.transaction(stores, 'readwrite');
    for (const name of stores) {
      const store = transaction.objectStore(name);
      const request = store.getAllKeys();
      request.onsuccess = () => request.result.filter((key) => key.includes(doc)).forEach((key) => store.delete(key));
    }
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onerror = () => reject(transaction.error);
    });
    database.close();
  }, document);

test('what arrives for a document that another tab has deleted leaves no hole in it', async () => {
  const server = await Server.start();
  const device = await Device.make(server, { size: DESK });
  try {
    const employee = await Session.signIn(server, 'medewerker2');
    const [{ id: trajectory }] = (await employee.directory()).trajectories;
    const { document } = await employee.done({ type: 'share_reflection', trajectory });
    const shared = employee.replica(Buffer.from(document, 'base64url'));
    const say = async (words) => {
      await employee.read(shared);
      await employee.exchange({ t: 'push', id: 1, doc: shared.doc, items: [shared.edit((doc) => (doc.tekst = words))] });
      await employee.read(shared);
    };
    await say('eerst');
    await say('daarna');

    const page = await signIn(device, 'adviseur');
    await installed(page);
    const on = async () => (await keys(page, 'items')).filter((key) => key.startsWith(`${document}/`)).length;
    await until(page, async () => (await on()) === shared.items.length, 'it has not all come');
    await deleteBeneath(page, document);
    await say('ten slotte');
    await until(page, async () => (await on()) > 0, 'nothing of it has come');
    await until(page, async () => (await on()) === shared.items.length, 'there is a hole in it');
  } finally {
    await server.remove();
    await device.close();
  }
});
