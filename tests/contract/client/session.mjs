// A person signed in on a device: the HTTP half of the contract.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fromText, toText } from './bytes.mjs';
import { decode, encode } from './cbor.mjs';
import { Connection } from './connection.mjs';
import { Device } from './device.mjs';
import { Replica } from './replica.mjs';
import { exchange } from './server.mjs';

export const PASSWORD = 'demo-loopbaanmaat';

const email = (name) => (name.includes('@') ? name : `${name}@demo.example`);

/** One JSON call as the page makes it. */
export function call(server, method, path, { body, cookie, headers = {}, origin = server.base } = {}) {
  return exchange(server.base + path, {
    method,
    body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(cookie ? { cookie } : {}),
      ...(origin ? { origin } : {}),
      ...headers,
    },
  });
}

export async function challenge(server) {
  const answer = await call(server, 'GET', '/api/session/challenge');
  assert.equal(answer.status, 200, answer.text);
  return fromText(answer.json.challenge);
}

/** The body of a sign-in; `spoil` changes what a test wants wrong. */
export async function signInBody(server, name, device, spoil = {}) {
  const proved = spoil.challenge ?? (await challenge(server));
  return {
    email: email(name),
    password: spoil.password ?? PASSWORD,
    device: {
      name: 'contract',
      public_key: toText(spoil.publicKey ?? device.publicKey),
      proof: toText(spoil.proof ?? device.prove(proved)),
    },
  };
}

export class Session {
  static async signIn(server, name, device = new Device()) {
    const answer = await call(server, 'POST', '/api/session', { body: await signInBody(server, name, device) });
    assert.equal(answer.status, 200, `${name}: ${answer.text}`);
    return new Session(server, device, answer);
  }

  constructor(server, device, answer) {
    this.server = server;
    this.device = device;
    this.user = fromText(answer.json.user);
    this.roles = answer.json.roles;
    [this.cookie] = answer.headers['set-cookie'][0].split(';');
  }

  call(method, path, options = {}) {
    return call(this.server, method, path, { cookie: this.cookie, ...options });
  }

  /** The directory, with ids and keys as raw bytes. */
  async directory() {
    const answer = await this.call('GET', '/api/directory');
    assert.equal(answer.status, 200, answer.text);
    const { json } = answer;
    return {
      ...json,
      devices: json.devices.map((it) => ({
        ...it,
        id: fromText(it.id),
        user: fromText(it.user),
        public_key: fromText(it.public_key),
      })),
      documents: json.documents.map((it) => ({ ...it, id: fromText(it.id) })),
    };
  }

  /** The id of the one document of a kind, or of the one that belongs to a trajectory. */
  async document(kind, trajectory) {
    const { documents } = await this.directory();
    const found = documents.find((it) => it.kind === kind && (!trajectory || it.trajectory === trajectory));
    assert.ok(found, `no ${kind} in the directory`);
    return found.id;
  }

  command(command, id = randomBytes(16)) {
    return this.call('POST', '/api/commands', { body: { id: toText(id), command } });
  }

  /** A command that must be carried out. */
  async done(command) {
    const answer = await this.command(command);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  }

  replica(doc) {
    return new Replica(doc, this.device);
  }

  /** `POST /api/sync` as it comes. */
  sync(body, headers = {}) {
    return exchange(`${this.server.base}/api/sync`, {
      method: 'POST',
      body,
      headers: { cookie: this.cookie, 'content-type': 'application/cbor', origin: this.server.base, ...headers },
    });
  }

  /** Sends messages after a `hello` over HTTP and gives the answers after the `welcome`. */
  async exchange(...messages) {
    const answer = await this.sync(encode([{ t: 'hello', v: 1, client: 'contract' }, ...messages]));
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers['content-type'], /^application\/cbor/);
    const [welcome, ...rest] = decode(answer.raw);
    assert.equal(welcome.t, 'welcome');
    return rest;
  }

  /** Reads a document over HTTP, opening again while it is read short. */
  async read(replica) {
    for (;;) {
      const answers = (await this.exchange({ t: 'open', docs: [replica.place] })).filter(({ t }) => t !== 'directory');
      const [opened, ...changes] = answers;
      assert.equal(opened.t, 'opened', JSON.stringify(opened));
      changes.forEach((message) => (message.t === 'snapshot' ? replica.takePiece(message) : replica.take(message)));
      if (replica.cursor >= opened.head) return opened;
      assert.ok(changes.length > 0, 'a read that does not progress');
    }
  }

  connect(options) {
    return Connection.open(this.server, this.cookie, options);
  }

  /** A connection that has said `hello`. */
  async online() {
    const connection = await this.connect();
    await connection.hello();
    return connection;
  }
}
