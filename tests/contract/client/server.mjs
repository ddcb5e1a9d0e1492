// The real server as a process: started on a free port with data of its own, ended by its process id, and started
// again on the same port and data.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const START_LIMIT_MS = 20_000;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The binary under test: LOOPBAANMAAT_BIN, else the release build, else the debug one. */
export function binary() {
  const places = [process.env.LOOPBAANMAAT_BIN, `${ROOT}target/release/loopbaanmaat`, `${ROOT}target/debug/loopbaanmaat`];
  const found = places.find((place) => place && existsSync(place));
  if (!found) throw new Error('no server binary; build it first: cargo build -p server');
  return found;
}

/** One HTTP exchange, with exactly the headers given. */
export function exchange(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : Buffer.from(body);
    const length = payload ? { 'content-length': payload.length } : {};
    const request = httpRequest(url, { method, headers: { ...length, ...headers }, agent: false }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const raw = Buffer.concat(chunks);
        const text = raw.toString('utf8');
        const isJson = /json/.test(response.headers['content-type'] ?? '') && !response.headers['content-encoding'];
        resolve({
          status: response.statusCode,
          headers: response.headers,
          raw,
          text,
          json: isJson && text ? JSON.parse(text) : undefined,
        });
      });
    });
    request.on('error', reject);
    request.end(payload);
  });
}

export class Server {
  /** Starts a demo organisation; the same `data` again continues with what is there. */
  static async start({ data = mkdtempSync(join(tmpdir(), 'loopbaanmaat-')), args = [] } = {}) {
    const server = new Server(data, args);
    await server.start();
    return server;
  }

  constructor(data, args) {
    this.data = data;
    this.args = args;
    this.port = 0;
    this.output = '';
    /** Everything that was logged, over restarts. */
    this.log = '';
  }

  async start() {
    this.output = '';
    const args = ['serve', '--demo', '--listen', `127.0.0.1:${this.port}`, '--data', this.data, ...this.args];
    this.child = spawn(binary(), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.ended = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve({ code, signal })));
    this.base = await this.#address();
    this.port = Number(new URL(this.base).port);
    await this.#ready();
  }

  #address() {
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${why}\n${this.output}`));
      const timer = setTimeout(() => fail('the server printed no address'), START_LIMIT_MS);
      const listen = (chunk) => {
        this.output += chunk;
        const found = /http:\/\/(?:127\.0\.0\.1|localhost):(?!0\b)\d+/.exec(this.output);
        if (!found) return;
        clearTimeout(timer);
        resolve(found[0]);
      };
      this.child.stdout.on('data', listen);
      this.child.stderr.on('data', listen);
      this.child.stderr.on('data', (chunk) => (this.log += chunk));
      this.child.once('exit', (code) => {
        clearTimeout(timer);
        fail(`the server ended with code ${code}`);
      });
    });
  }

  async #ready() {
    const until = Date.now() + START_LIMIT_MS;
    for (;;) {
      const answer = await exchange(`${this.base}/health/ready`).catch(() => undefined);
      if (answer?.status === 200) return;
      if (Date.now() > until) throw new Error(`the server is not ready: ${answer?.status}\n${this.output}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Ends the process; SIGTERM asks it to finish, SIGKILL does not ask. */
  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.ended;
  }

  /** Ends the process without asking and starts another one on the same data. */
  async crash() {
    await this.stop('SIGKILL');
    await this.start();
  }

  async remove() {
    await this.stop('SIGKILL');
    rmSync(this.data, { recursive: true, force: true });
  }
}
