// A replica of one document: the log as received, checked against chain and hashes, and the merged document.
import assert from 'node:assert/strict';
import * as automerge from '@automerge/automerge';
import { hex, sha256 } from './bytes.mjs';
import { hashOf, maxOp, parts, uncompressed } from './change.mjs';
import { signedBy } from './device.mjs';

export const chainStart = (doc) => sha256('loopbaanmaat.log.v1', doc);

export const chainNext = (chain, hash) => sha256(chain, hash);

export class Replica {
  constructor(doc, device) {
    this.doc = doc;
    this.device = device;
    this.actor = device.actor();
    this.items = [];
    this.cursor = 0;
    this.chain = chainStart(doc);
    this.maxOp = 0;
    this.own = new Map();
    this.merged = automerge.init({ actor: hex(this.actor) });
  }

  /** The place to open the document from. */
  get place() {
    return { doc: this.doc, cursor: this.cursor, chain: this.cursor === 0 ? null : this.chain };
  }

  /** Takes a `changes` message in: gapless, chained, hashed, with every dependency in place. */
  take(message) {
    assert.equal(message.t, 'changes');
    assert.ok(message.doc.equals(this.doc), 'changes of another document');
    assert.equal(message.from, this.cursor, 'changes that do not follow on the cursor');
    assert.ok(message.items.length > 0 && message.items.length <= 256, `${message.items.length} items in one message`);
    const fresh = message.items.map((item) => this.#takeItem(item));
    assert.deepEqual(message.chain, this.chain, 'the chain is broken');
    this.merged = automerge.applyChanges(this.merged, fresh.map((data) => new Uint8Array(data)))[0];
    return message.items;
  }

  #takeItem(item) {
    assert.equal(item.seq, this.cursor + 1, 'a gap in the log');
    assert.ok(!this.has(item.hash), 'an item announced twice');
    const data = item.data ?? this.own.get(hex(item.hash));
    assert.ok(data, 'an item without data that this device does not hold');
    assert.deepEqual(hashOf(data), item.hash, 'a hash that is not the data’s');
    assert.deepEqual(uncompressed(data), Buffer.from(data), 'a chunk that is not uncompressed');
    const { actor, deps } = parts(data);
    if (item.seq === 1) assert.deepEqual(actor, Buffer.alloc(16));
    else assert.deepEqual(actor.subarray(0, 8), item.by.subarray(0, 8), 'an actor of another device');
    for (const dep of deps) assert.ok(this.has(dep), 'a dependency that comes later');
    this.items.push({ ...item, data });
    this.cursor = item.seq;
    this.chain = chainNext(this.chain, item.hash);
    this.maxOp = Math.max(this.maxOp, maxOp(data));
    return data;
  }

  has(hash) {
    return this.items.some((item) => item.hash.equals(hash));
  }

  /** Writes into the document and gives the item to push. */
  edit(write) {
    this.merged = automerge.change(this.merged, write);
    return this.#signed(automerge.getLastLocalChange(this.merged));
  }

  /** Takes a change in that was made elsewhere and is in no log yet. */
  apply(data) {
    this.merged = automerge.applyChanges(this.merged, [new Uint8Array(data)])[0];
  }

  /** Writes words at the end of a text. */
  append(path, words) {
    const end = path.reduce((value, key) => value[key], this.merged).length;
    return this.edit((doc) => automerge.splice(doc, path, end, 0, words));
  }

  /** The place of a text that holds these words, as keys from the root. */
  find(words, value = this.merged, path = []) {
    if (typeof value === 'string') return value.includes(words) ? path : undefined;
    if (!value || typeof value !== 'object') return undefined;
    for (const key of Object.keys(value)) {
      const found = this.find(words, value[key], [...path, Array.isArray(value) ? Number(key) : key]);
      if (found) return found;
    }
    return undefined;
  }

  /** A change without operations. */
  touch() {
    this.merged = automerge.emptyChange(this.merged);
    return this.#signed(automerge.getLastLocalChange(this.merged));
  }

  #signed(raw) {
    assert.ok(raw, 'an edit that changes nothing');
    const data = uncompressed(raw);
    const item = this.device.item(this.doc, data);
    assert.ok(!this.own.has(hex(item.hash)), 'an edit that changes nothing');
    this.own.set(hex(item.hash), data);
    return item;
  }

  get heads() {
    return automerge.getHeads(this.merged);
  }

  get content() {
    return automerge.toJS(this.merged);
  }

  /** Checks every signature against the keys of a directory. */
  audit(directory) {
    for (const item of this.items) {
      const author = directory.devices.find(({ id }) => id.equals(item.by));
      assert.ok(item.seq === 1 || author, `item ${item.seq} is by a device that the directory does not name`);
      assert.ok(signedBy(author?.public_key, this.doc, item), `item ${item.seq} is not signed by its author`);
    }
  }
}
