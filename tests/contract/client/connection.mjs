// A WebSocket of the contract: sends messages, hands out received ones in order.
import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { decode, encode } from './cbor.mjs';

export const SUBPROTOCOL = 'loopbaanmaat.sync.v1';

const WAIT_MS = 8_000;

/** What the handshake was refused with. */
export class Refused extends Error {
  constructor(response) {
    super(`handshake answered ${response.statusCode}`);
    this.status = response.statusCode;
  }
}

export class Connection {
  static open(server, cookie, { protocols = [SUBPROTOCOL], origin = server.base, headers = {} } = {}) {
    const url = `${server.base.replace('http', 'ws')}/sync`;
    const socket = new WebSocket(url, protocols, {
      perMessageDeflate: false,
      maxPayload: 1_048_576,
      headers: { ...(cookie ? { cookie } : {}), ...(origin ? { origin } : {}), ...headers },
    });
    return new Promise((resolve, reject) => {
      const connection = new Connection(socket);
      socket.once('open', () => resolve(connection));
      socket.once('unexpected-response', (request, response) => {
        request.destroy();
        reject(new Refused(response));
      });
      socket.once('error', reject);
    });
  }

  constructor(socket) {
    this.socket = socket;
    this.received = [];
    this.directories = [];
    this.frames = 0;
    this.pushes = 0;
    this.closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)));
    this.closed.then((code) => {
      this.closeCode = code;
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
  }

  #receive(data, isBinary) {
    assert.ok(isBinary, 'a text frame from the server');
    this.frames += 1;
    this.received.push({ message: decode(data), raw: data });
    this.#wake();
  }

  #wake() {
    this.waiting?.();
    this.waiting = undefined;
  }

  send(message) {
    this.socket.send(encode(message));
  }

  sendRaw(raw, options = { binary: true }) {
    this.socket.send(raw, options);
  }

  /** The next message with its bytes, whatever it is; `undefined` after the close. */
  async nextFrame() {
    const until = Date.now() + WAIT_MS;
    while (this.received.length === 0) {
      if (this.closeCode !== undefined) return undefined;
      const rest = until - Date.now();
      if (rest <= 0) throw new Error('no message came');
      let timer;
      await new Promise((resolve) => {
        this.waiting = resolve;
        timer = setTimeout(resolve, rest);
      });
      clearTimeout(timer);
    }
    return this.received.shift();
  }

  /** The next message apart from `directory`, which may come between any others and is kept aside. */
  async next() {
    for (;;) {
      const frame = await this.nextFrame();
      if (frame?.message.t !== 'directory') return frame?.message;
      this.directories.push(frame.message.version);
    }
  }

  /** The next message, which must be of type `t`. */
  async expect(t) {
    const message = await this.next();
    assert.equal(message?.t, t, `expected ${t}, got ${describe(message)} (closed: ${this.closeCode})`);
    return message;
  }

  /** The next message must be that error; the connection lives. */
  async expectError(code) {
    const message = await this.expect('error');
    assert.equal(message.code, code, message.message);
    assert.equal(typeof message.message, 'string');
    return message;
  }

  async expectClose(code) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not closed, ${code} expected`)), WAIT_MS);
    });
    const got = await Promise.race([this.closed, late]).finally(() => clearTimeout(timer));
    assert.equal(got, code);
  }

  async hello(message = { t: 'hello', v: 1, client: 'contract' }) {
    this.send(message);
    return this.expect('welcome');
  }

  /** Everything sent so far has been dealt with, and nothing else came of it. */
  async quiet() {
    const n = Math.floor(Math.random() * 2 ** 48);
    this.send({ t: 'ping', n });
    const pong = await this.expect('pong');
    assert.equal(pong.n, n);
    return pong;
  }

  /** Opens a document from the replica's place and reads up to its head. */
  async open(replica) {
    this.send({ t: 'open', docs: [replica.place] });
    const opened = await this.expect('opened');
    assert.ok(opened.doc.equals(replica.doc));
    await this.readTo(replica, opened.head);
    return opened;
  }

  /** Takes `changes`, or a `snapshot` in their place, until the replica has come to `seq`. */
  async readTo(replica, seq) {
    while (replica.cursor < seq) {
      const message = await this.next();
      if (message?.t === 'snapshot') replica.takePiece(message);
      else replica.take(message);
    }
  }

  /** Sends a push and gives its number. */
  push(doc, items) {
    this.pushes += 1;
    this.send({ t: 'push', id: this.pushes, doc, items });
    return this.pushes;
  }

  /** Pushes and gives all that came up to the answer: `{ack, reject, others}`. */
  async pushed(doc, items) {
    const id = this.push(doc, items);
    this.send({ t: 'ping', n: id });
    const out = { others: [] };
    for (;;) {
      const message = await this.next();
      assert.ok(message, `closed with ${this.closeCode} in place of an answer`);
      if (message.t === 'pong' && message.n === id) break;
      if (message.id === id) {
        assert.equal(out[message.t], undefined, `a second ${message.t} for one push`);
        assert.ok(message.t !== 'ack' || !out.reject, 'an ack behind the reject of the same push');
        out[message.t] = message;
      } else {
        out.others.push(message);
      }
    }
    return out;
  }

  /** Pushes items that must all be stored; gives their places. */
  async store(doc, items) {
    const { ack, reject, error } = await this.pushed(doc, items);
    assert.equal(reject, undefined, `refused: ${describe(reject)}`);
    assert.ok(ack, describe(error));
    return ack.items.map(({ seq }) => seq);
  }

  /** Pushes one item that must be refused with `code`. */
  async refused(doc, item, code, why) {
    const { ack, reject, error } = await this.pushed(doc, [item]);
    assert.equal(ack, undefined, `${why ?? code}: was stored`);
    assert.ok(reject, `${why ?? code}: ${describe(error)}`);
    assert.deepEqual(reject.items, [{ hash: item.hash, code }], why);
  }

  close() {
    this.socket.close();
    return this.closed;
  }
}

/** A message in a line, for the text of a failure. */
export function describe(message) {
  if (!message) return 'nothing';
  return JSON.stringify(message, (_, value) => {
    if (value?.type !== 'Buffer') return value;
    const text = Buffer.from(value.data).toString('base64url');
    return text.length > 48 ? `${text.slice(0, 48)}…` : text;
  });
}
