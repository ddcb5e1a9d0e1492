// Devices of Hocuspocus.
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import WebSocket from 'ws';
import * as Y from 'yjs';

let made = 0;

/** A document after `edits` edits, as bytes: made once, however many documents there are. */
export function history(edits, words) {
  const doc = new Y.Doc();
  const text = doc.getText('text');
  for (let number = 0; number < edits; number += 1) text.insert(text.length, words);
  return Y.encodeStateAsUpdate(doc);
}

/** A device that is connected; all its documents share the connection. */
export class Device {
  constructor(url) {
    this.socket = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket });
  }

  async ready() {
    return this;
  }

  /** Puts a document on the server; gives what others open it by. */
  async put(bytes) {
    const name = `doc-${process.pid}-${(made += 1)}`;
    await this.open(name, bytes);
    return name;
  }

  async open(name, bytes) {
    const document = new Y.Doc();
    if (bytes) Y.applyUpdate(document, bytes);
    this.text = document.getText('text');
    await new Promise((resolve) => {
      const provider = new HocuspocusProvider({ websocketProvider: this.socket, name, document, onSynced: () => resolve() });
      provider.attach();
    });
  }

  /** Calls back whenever something of another device has come. */
  onSeen(call) {
    this.text.observe((event) => {
      if (!event.transaction.local) call();
    });
  }

  has(length) {
    return this.text.length >= length;
  }

  edit(words) {
    this.text.insert(this.text.length, words);
  }

  /** Loses its connection; it makes another by itself. */
  cut() {
    this.socket.webSocket.terminate();
  }
}
