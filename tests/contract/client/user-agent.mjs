// As much of a browser as a sign-in elsewhere needs: cookies of each site, and redirects followed or looked at.
import { exchange } from './server.mjs';

const MOST_REDIRECTS = 12;

export class UserAgent {
  constructor() {
    this.jar = new Map();
  }

  /** The cookies for an address, as it sends them. */
  cookies(url) {
    const { origin, pathname } = new URL(url);
    const all = [...(this.jar.get(origin)?.values() ?? [])];
    return all.filter(({ path }) => pathname.startsWith(path)).map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  /** One exchange, without following. */
  async fetch(url, options = {}) {
    const cookie = this.cookies(url);
    const headers = { ...(cookie ? { cookie } : {}), ...options.headers };
    const answer = await exchange(url, { ...options, headers });
    for (const line of answer.headers['set-cookie'] ?? []) this.#keep(url, line);
    return answer;
  }

  #keep(url, line) {
    const { origin } = new URL(url);
    const [pair, ...attributes] = line.split(';').map((it) => it.trim());
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    const given = Object.fromEntries(attributes.map((it) => it.toLowerCase().split('=')));
    const jar = this.jar.get(origin) ?? new Map();
    this.jar.set(origin, jar);
    const path = attributes.find((it) => /^path=/i.test(it))?.slice(5) ?? '/';
    if (value === '' || given['max-age'] === '0' || Date.parse(given.expires ?? '') < Date.now()) jar.delete(name);
    else jar.set(name, { name, value, path });
  }

  /** Goes to an address and on, until an answer is no redirect or its target is one to `stop` before. */
  async go(url, { stop = () => false } = {}) {
    let at = url;
    for (let hop = 0; hop < MOST_REDIRECTS; hop += 1) {
      if (stop(at)) return { url: at };
      const answer = await this.fetch(at);
      if (answer.status < 300 || answer.status >= 400) return { url: at, answer };
      at = new URL(answer.headers.location, at).href;
    }
    throw new Error(`redirected without end, to ${at}`);
  }
}
