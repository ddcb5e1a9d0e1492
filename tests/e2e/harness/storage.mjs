// Everything that a device keeps, as bytes, to search it for what must not be readable.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Every database, the local storage and every cached answer of the page's origin: `[{place, bytes}]`. */
export async function dump(page) {
  const kept = await page.evaluate(async () => {
    const out = [];
    const toText = (raw) => {
      const view = new Uint8Array(raw.buffer ?? raw, raw.byteOffset ?? 0, raw.byteLength);
      let text = '';
      for (let at = 0; at < view.length; at += 0x8000) text += String.fromCharCode(...view.subarray(at, at + 0x8000));
      return btoa(text);
    };
    const utf8 = (text) => toText(new TextEncoder().encode(text));
    const leaves = (place, value) => {
      if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) out.push({ place, base64: toText(value) });
      else if (value instanceof CryptoKey) out.push({ place, base64: '', key: value.extractable });
      else if (value && typeof value === 'object' && !(value instanceof Date)) {
        for (const [key, inner] of Object.entries(value)) {
          out.push({ place: `${place} (name)`, base64: utf8(key) });
          leaves(`${place}.${key}`, inner);
        }
      } else out.push({ place, base64: utf8(String(value)) });
    };
    const settled = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    for (const { name } of await indexedDB.databases()) {
      const database = await settled(indexedDB.open(name));
      for (const store of database.objectStoreNames) {
        const reading = database.transaction(store).objectStore(store);
        const [keys, values] = await Promise.all([settled(reading.getAllKeys()), settled(reading.getAll())]);
        keys.forEach((key, at) => leaves(`${name}/${store} key ${at}`, key));
        values.forEach((value, at) => leaves(`${name}/${store} value ${at}`, value));
      }
      database.close();
    }
    for (const storage of [localStorage, sessionStorage]) {
      for (const [key, value] of Object.entries(storage)) out.push({ place: `storage ${key}`, base64: utf8(`${key}=${value}`) });
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        const answer = await cache.match(request);
        out.push({ place: `cache ${name} ${request.url}`, base64: toText(await answer.arrayBuffer()) });
      }
    }
    return out;
  });
  return kept.map(({ place, base64, ...rest }) => ({ place, bytes: Buffer.from(base64, 'base64'), ...rest }));
}

/** A text in any usual writing. */
const writings = (text) => [
  Buffer.from(text, 'utf8'),
  Buffer.from(text, 'utf16le'),
  Buffer.from(encodeURIComponent(text)),
  // The middle of the base64 of the text, whatever stood before it.
  ...['utf8', 'utf16le'].flatMap((encoding) =>
    [0, 1, 2].map((shift) => Buffer.from(Buffer.concat([Buffer.alloc(shift), Buffer.from(text, encoding)]).toString('base64').slice(4, -4))),
  ),
];

/** The places in which one of the texts can be read, in any usual writing, or an automerge chunk lies open. */
export function readable(kept, texts) {
  const forms = texts.flatMap(writings);
  const chunk = Buffer.from('856f4a83', 'hex');
  return kept.flatMap(({ place, bytes }) => {
    const open = place.startsWith('cache') ? forms : [...forms, chunk];
    return open.some((form) => bytes.includes(form)) ? [place] : [];
  });
}

/** Every file of a browser's profile, as it lies on the disk: `[{place, bytes}]`. */
export function profile(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => {
    const path = join(parentPath, name);
    return { place: relative(folder, path), bytes: readFileSync(path) };
  });
}

/** The places in which one of the texts can be read, with the text: `['place: text']`. */
export function found(kept, texts) {
  return texts.flatMap((text) => {
    const forms = writings(text);
    return kept.filter(({ bytes }) => forms.some((form) => bytes.includes(form))).map(({ place }) => `${place}: ${text}`);
  });
}
