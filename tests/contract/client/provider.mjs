// A real provider (npm oidc-provider) at an address of its own, and before it a door that can falsify what goes through:
// no real one can be made to give out what must be refused.
import { createHmac, createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import { Provider as OidcProvider } from 'oidc-provider';

export const CLIENT_ID = 'loopbaanmaat';
export const CLIENT_SECRET = 'geheim-van-de-toepassing-0123456789';
export const LABEL = 'Aanmelden bij Gemeente Voorbeeld';

const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const read = (text) => JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));

const listening = (server) =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });

function newKey(kid) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

/** A token of these claims, signed as `alg` says. */
export function signed(claims, { key, secret, header = {} }) {
  const head = { alg: secret ? 'HS256' : key ? 'RS256' : 'none', ...(key ? { kid: key.kid } : {}), ...header };
  const text = `${part(head)}.${part(claims)}`;
  if (secret) return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  if (!key) return `${text}.`;
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), createPrivateKey({ key, format: 'jwk' })).toString('base64url')}`;
}

/** The claims of a token. */
export const claimsOf = (token) => read(token.split('.')[1]);

export class Provider {
  /** Takes its addresses; it answers once it knows its client. */
  static async start() {
    const provider = new Provider();
    provider.inner = createServer((request, response) => provider.#answer(request, response));
    provider.door = createServer((request, response) => provider.#pass(request, response));
    const innerPort = await listening(provider.inner);
    provider.target = innerPort;
    provider.issuer = `http://127.0.0.1:${await listening(provider.door)}`;
    return provider;
  }

  constructor() {
    this.key = newKey('here');
    this.strange = newKey('here');
    /** By subject. */
    this.people = new Map();
    this.logins = 0;
  }

  /** What the server is started with. */
  args(secretFile, more = []) {
    return [
      ...['--oidc-issuer', this.issuer, '--oidc-client-id', CLIENT_ID, '--oidc-client-secret-file', secretFile],
      ...['--oidc-label', LABEL, '--oidc-roles-claim', 'groups', '--oidc-scopes', 'profile email groups'],
      ...['--oidc-role', 'coaches=internal-coach', '--oidc-role', 'hr=career-adviser', '--oidc-role', 'ict=administrator'],
      ...more,
    ];
  }

  /** Makes itself known to the product at that address. */
  serve(base) {
    const people = this.people;
    this.oidc = new OidcProvider(this.issuer, {
      clients: [
        {
          client_id: CLIENT_ID,
          client_secret: CLIENT_SECRET,
          redirect_uris: [`${base}/api/oidc/callback`],
          post_logout_redirect_uris: [`${base}/`],
          backchannel_logout_uri: `${base}/api/oidc/logout`,
          backchannel_logout_session_required: true,
          response_types: ['code'],
          grant_types: ['authorization_code'],
        },
      ],
      jwks: { keys: [this.key] },
      claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
      scopes: ['openid', 'profile', 'email', 'groups'],
      conformIdTokenClaims: false,
      cookies: { keys: ['een-sleutel-voor-de-test'] },
      pkce: { required: () => true },
      features: {
        devInteractions: { enabled: false },
        backchannelLogout: { enabled: true },
        rpInitiatedLogout: { enabled: true },
      },
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      findAccount: (_, sub) => people.has(sub) && { accountId: sub, claims: () => ({ sub, ...people.get(sub) }) },
      // It refuses to speak to addresses of its own machine, where everything is in a test.
      fetch: (url, { dispatcher: _, ...options }) => fetch(url, options),
      // Its own application needs no consent.
      loadExistingGrant: async (context) => {
        const { client, session, provider } = context.oidc;
        const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
        grant.addOIDCScope('openid profile email groups');
        await grant.save();
        return grant;
      },
    });
    this.oidc.proxy = true;
    this.oidc.on('server_error', (_, error) => {
      this.error = error;
    });
    this.callback = this.oidc.callback();
  }

  /** Who signs in next, as the provider's form would have it. */
  person(subject, claims) {
    this.people.set(subject, claims);
    this.who = subject;
  }

  async #answer(request, response) {
    if (!request.url.startsWith('/interaction/')) {
      this.callback(request, response);
      return;
    }
    this.logins += 1;
    await this.oidc.interactionFinished(request, response, { login: { accountId: this.who } });
  }

  /** Passes a request on, and falsifies the answer if a fault is set. */
  #pass(request, response) {
    const options = { port: this.target, host: '127.0.0.1', path: request.url, method: request.method, headers: request.headers };
    const onward = httpRequest(options, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        const body = this.#falsify(new URL(request.url, this.issuer).pathname, Buffer.concat(chunks));
        const { 'transfer-encoding': _, ...headers } = answer.headers;
        response.writeHead(answer.statusCode, { ...headers, 'content-length': body.length });
        response.end(body);
      });
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }

  #falsify(path, body) {
    if (path === '/.well-known/openid-configuration' && this.metadata) {
      return Buffer.from(JSON.stringify(this.metadata(JSON.parse(body))));
    }
    if (path !== '/token' || !this.fault) return body;
    const answer = JSON.parse(body);
    if (!answer.id_token) return body;
    answer.id_token = this.fault(claimsOf(answer.id_token), answer.id_token);
    return Buffer.from(JSON.stringify(answer));
  }

  /** A logout token as this provider signs it; `spoil` changes what a test wants wrong. */
  logoutToken(claims, spoil = {}) {
    const now = Math.floor(Date.now() / 1000);
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const all = { iss: this.issuer, aud: CLIENT_ID, iat: now, exp: now + 120, jti: randomUUID(), events, ...claims };
    return signed(all, { key: this.key, header: { typ: 'logout+jwt' }, ...spoil });
  }

  async stop() {
    await Promise.all(
      [this.door, this.inner].map((server) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  }
}
