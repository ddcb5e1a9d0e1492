// Devices of automerge-repo.
import * as A from '@automerge/automerge';
import { generateAutomergeUrl, parseAutomergeUrl, Repo } from '@automerge/automerge-repo';
import { WebSocketClientAdapter } from '@automerge/automerge-repo-network-websocket';

let made = 0;

/** A document after `edits` edits, as bytes: made once, however many documents there are. */
export function history(edits, words) {
  let doc = A.from({ text: '' });
  for (let number = 0; number < edits; number += 1) {
    doc = A.change(doc, (it) => A.splice(it, ['text'], number * words.length, 0, words));
  }
  return A.save(doc);
}

/** A device that is connected. */
export class Device {
  constructor(url) {
    this.adapter = new WebSocketClientAdapter(url, 100);
    this.repo = new Repo({ peerId: `device-${(made += 1)}`, network: [this.adapter] });
  }

  async ready() {
    await this.adapter.whenReady();
    return this;
  }

  /** Puts a document on the server; gives what others open it by. */
  async put(bytes) {
    const { documentId } = parseAutomergeUrl(generateAutomergeUrl());
    this.handle = this.repo.import(bytes, { docId: documentId });
    return this.handle.url;
  }

  async open(url) {
    this.handle = await this.repo.find(url);
  }

  /** Calls back whenever something of another device has come. */
  onSeen(call) {
    this.handle.on('change', call);
  }

  has(length) {
    return (this.handle.doc()?.text.length ?? 0) >= length;
  }

  edit(words) {
    this.handle.change((doc) => A.splice(doc, ['text'], doc.text.length, 0, words));
  }

  /** Loses its connection; it makes another by itself. */
  cut() {
    this.adapter.socket.terminate();
  }
}
