// A network between a device and its server that does not let everything through.
import { createServer, request } from 'node:http';
import { connect } from 'node:net';

export class Network {
  static async before(server) {
    const network = new Network(server);
    await network.#listen();
    return network;
  }

  constructor(server) {
    this.server = server;
    /** Whether WebSockets get through. */
    this.sockets = false;
    /** WebSockets that were asked for and did not get through, and those that did. */
    this.refused = 0;
    this.passed = 0;
    /** What is answered in place of the server's own answer to a path: `(text) => text`. */
    this.changed = new Map();
    /** What becomes of requests: they pass, nobody answers them, or a login page of the network does. */
    this.requests = 'pass';
    /** Syncs by request that did not get through. */
    this.lost = 0;
    this.open = new Set();
  }

  async #listen() {
    this.http = createServer((from, to) => this.#forward(from, to));
    this.http.on('upgrade', (from, socket, head) => this.#upgrade(from, socket, head));
    this.http.on('connection', (socket) => {
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
    });
    await new Promise((resolve) => this.http.listen(0, '127.0.0.1', resolve));
    this.base = `http://127.0.0.1:${this.http.address().port}`;
  }

  #forward(from, to) {
    const { method, url: path, headers } = from;
    if (this.requests !== 'pass') {
      if (path === '/api/sync') this.lost += 1;
      if (this.requests === 'dead') return from.socket.destroy();
      from.resume();
      to.writeHead(200, { 'content-type': 'text/html' });
      to.end('<!doctype html><title>Welkom op ons netwerk</title>');
      return;
    }
    const change = this.changed.get(path);
    const { 'if-none-match': _, ...plain } = headers;
    const asked = change ? { ...plain, 'accept-encoding': 'identity' } : headers;
    const there = request({ host: '127.0.0.1', port: this.server.port, method, path, headers: asked }, (answer) => {
      if (!change) {
        to.writeHead(answer.statusCode, answer.headers);
        answer.pipe(to);
        return;
      }
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => {
        const body = Buffer.from(change(Buffer.concat(parts).toString()));
        const { etag, ...kept } = answer.headers;
        to.writeHead(answer.statusCode, { ...kept, 'content-length': body.length });
        to.end(body);
      });
    });
    there.on('error', () => to.destroy());
    to.on('close', () => there.destroy());
    from.pipe(there);
  }

  #upgrade(from, socket, head) {
    if (!this.sockets) {
      this.refused += 1;
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: 7\r\nconnection: close\r\n\r\nblocked');
      return;
    }
    this.passed += 1;
    const lines = [`${from.method} ${from.url} HTTP/1.1`];
    for (let at = 0; at < from.rawHeaders.length; at += 2) lines.push(`${from.rawHeaders[at]}: ${from.rawHeaders[at + 1]}`);
    const there = connect(this.server.port, '127.0.0.1', () => {
      there.write(`${lines.join('\r\n')}\r\n\r\n`);
      there.write(head);
      there.pipe(socket).pipe(there);
    });
    for (const [one, other] of [[there, socket], [socket, there]]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  }

  async close() {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.http.close(resolve));
  }
}
