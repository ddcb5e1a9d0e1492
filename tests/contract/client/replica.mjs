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
    this.snapshots = 0;
    this.own = new Map();
    this.merged = automerge.init({ actor: hex(this.actor) });
  }

  /** The place to open the document from. */
  get place() {
    const part = this.pieces && { part: { seq: this.pieces.head.seq, offset: this.pieces.bytes } };
    return { doc: this.doc, cursor: this.cursor, chain: this.cursor === 0 ? null : this.chain, ...part };
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

  /** Takes a `snapshot` message in: pieces that follow each other, and with the last one all that it stands for. */
  takePiece(message) {
    assert.equal(message.t, 'snapshot');
    assert.ok(message.doc.equals(this.doc), 'a snapshot of another document');
    assert.ok(message.data.length <= 196_608 && (message.items ?? []).length <= 256, 'a piece too large');
    if (message.offset === 0) this.pieces = { data: [], items: [], bytes: 0, head: message };
    const so = this.pieces;
    assert.ok(so, 'a snapshot that does not begin');
    assert.equal(message.offset, so.bytes, 'a snapshot with a gap');
    for (const key of ['seq', 'chain', 'heads', 'size']) assert.deepEqual(message[key], so.head[key], `another ${key}`);
    so.data.push(message.data);
    so.items.push(...(message.items ?? []));
    so.bytes += message.data.length;
    const isWhole = so.bytes === message.size;
    assert.equal(so.items.length === message.seq, isWhole, 'data and items end with different pieces');
    if (isWhole) this.#takeSnapshot(so);
  }

  #takeSnapshot({ data, items, head }) {
    this.pieces = undefined;
    const chain = items.reduce((before, { hash }) => chainNext(before, hash), chainStart(this.doc));
    assert.deepEqual(chain, head.chain, 'a snapshot of another chain');
    const chunk = Buffer.concat(data);
    assert.equal(chunk[8], 0, 'not a document chunk');
    const loaded = automerge.load(new Uint8Array(chunk));
    assert.deepEqual(automerge.getHeads(loaded).sort(), head.heads.map(hex), 'other heads');
    const changes = automerge.getAllChanges(loaded).map(uncompressed);
    const byHash = new Map(changes.map((change) => [hex(hashOf(change)), change]));
    const held = new Set(this.items.map(({ hash }) => hex(hash)));
    items.forEach((item, at) => {
      const change = byHash.get(hex(item.hash));
      if (held.has(hex(item.hash))) assert.deepEqual(this.items[at].hash, item.hash, 'another order than before');
      if (item.void) {
        assert.equal(change, undefined, 'a void item that the document holds');
        this.items[at] = { ...item, seq: at + 1 };
        return;
      }
      assert.ok(change, 'an item that the document does not hold');
      byHash.delete(hex(item.hash));
      const { actor } = parts(change);
      if (at === 0) assert.deepEqual(actor, Buffer.alloc(16));
      else assert.deepEqual(actor.subarray(0, 8), item.by.subarray(0, 8), 'an actor of another device');
      this.items[at] = { ...item, seq: at + 1, data: change };
      this.maxOp = Math.max(this.maxOp, maxOp(change));
    });
    assert.equal(byHash.size, 0, 'the document holds more than its items');
    this.cursor = head.seq;
    this.chain = head.chain;
    this.merged = automerge.merge(this.merged, loaded);
    this.snapshots += 1;
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
    return this.items.some((item) => !item.void && item.hash.equals(hash));
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
