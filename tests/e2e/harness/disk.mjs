// The device's disk as a test needs it: full, slow, or as it was some time ago.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes the page's disk full, or no longer so. The page must have been prepared with `slow`. */
export const full = (page, is = true) => page.evaluate((it) => (window.full = it), is);

/**
 * Makes the page's writes to its database wait for the test: `window.hold` says which, by the names of the object
 * stores and by whether the transaction only deletes; those that wait are in `window.held`, each with `release`.
 * `window.full` refuses them all; `window.told` has the documents that the page was told are gone.
 */
export function slow(page) {
  return page.addInitScript(() => {
    window.held = [];
    window.hold = undefined;
    window.told = new Set();
    window.WebSocket = class extends WebSocket {
      constructor(...all) {
        super(...all);
        this.addEventListener('message', ({ data }) => {
          const text = String.fromCharCode(...new Uint8Array(data).subarray(0, 256));
          // The key `doc` and its sixteen bytes.
          const at = text.indexOf('\x63doc\x50') + 5;
          if (!text.includes('\x64gone') || at < 5) return;
          window.told.add(btoa(text.slice(at, at + 16)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''));
        });
      }
    };
    const puts = new WeakSet();
    const { put, get } = IDBObjectStore.prototype;
    const { commit } = IDBTransaction.prototype;
    IDBObjectStore.prototype.put = function (...all) {
      puts.add(this.transaction);
      return put.apply(this, all);
    };
    IDBTransaction.prototype.commit = function () {
      // Without room browsers abort at commit, naming no request that failed.
      if (window.full && puts.has(this)) return this.abort();
      const stores = [...this.objectStoreNames];
      if (!window.hold?.(stores, !puts.has(this))) return commit.call(this);
      let released = false;
      window.held.push({ stores, release: () => (released = true) });
      // A transaction stays open for as long as something is asked of it.
      const store = this.objectStore(stores[0]);
      const ask = () => {
        if (released) commit.call(this);
        else get.call(store, '').onsuccess = ask;
      };
      return ask();
    };
  });
}

/**
 * Makes the page's reads of items wait for the test: those that wait are in `window.reads`, each to be called.
 * A write transaction that is kept open in front of them keeps them waiting.
 */
export function slowReads(page) {
  return page.addInitScript(() => {
    window.reads = [];
    window.holdReads = false;
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (stores, mode, ...rest) {
      const named = [stores].flat();
      if (window.holdReads && mode !== 'readwrite' && named.length === 1 && named[0] === 'items') {
        const store = transaction.call(this, ['items'], 'readwrite').objectStore('items');
        let released = false;
        window.reads.push(() => (released = true));
        const ask = () => {
          if (!released) store.get('').onsuccess = ask;
        };
        ask();
      }
      return transaction.call(this, stores, mode, ...rest);
    };
  });
}

/**
 * Makes reading items fail in the pages of a device while `window.failReads` is set; `window.failed` counts.
 */
export const failingReads = (context) =>
  context.addInitScript(() => {
    window.failReads = false;
    window.failed = 0;
    const { getAll } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.getAll = function (...all) {
      if (!window.failReads || this.name !== 'items') return getAll.apply(this, all);
      window.failed += 1;
      throw new DOMException('The disk cannot be read.', 'UnknownError');
    };
  });

/** Resolves once a page's disk has failed. */
export const failed = (page) => page.waitForFunction(() => window.failed > 0);

/** Puts something under a key of an object store of the page's database, sealed by nobody. */
export function mark(page, store, key) {
  return page.evaluate(
    async ([name, under]) => {
      const database = await new Promise((resolve, reject) => {
        const request = indexedDB.open('loopbaanmaat');
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const transaction = database.transaction(name, 'readwrite');
      transaction.objectStore(name).put(new Uint8Array(1), under);
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
      database.close();
    },
    [store, key],
  );
}

/** The keys of an object store of the page's database, in clear. */
export function keys(page, store) {
  return page.evaluate(async (name) => {
    const settled = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await settled(indexedDB.open('loopbaanmaat'));
    const found = await settled(database.transaction(name).objectStore(name).getAllKeys());
    database.close();
    return found;
  }, store);
}

/** A copy of a device's profile, taken while its browser is closed. */
export class Copy {
  constructor(device) {
    this.device = device;
    this.folder = mkdtempSync(join(tmpdir(), 'loopbaanmaat-copy-'));
    cpSync(device.profile, this.folder, { recursive: true });
  }

  /** Puts the device back to what it was. */
  restore() {
    rmSync(this.device.profile, { recursive: true, force: true, maxRetries: 5 });
    cpSync(this.folder, this.device.profile, { recursive: true });
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
