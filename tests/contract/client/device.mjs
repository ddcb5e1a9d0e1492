// A device: its key pair, its id, its signatures and its actors.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { bytes, sha256 } from './bytes.mjs';
import { hashOf } from './change.mjs';

const PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex');
const GENESIS = Buffer.alloc(16);

/** The id that belongs to a public key. */
export const deviceId = (publicKey) => sha256('loopbaanmaat.device.v1', publicKey).subarray(0, 16);

const changeText = (doc, device, hash) => bytes('loopbaanmaat.change.v1', doc, device, hash);

export class Device {
  constructor(pair = generateKeyPairSync('ed25519')) {
    this.privateKey = pair.privateKey;
    this.publicKey = createPublicKey(pair.privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
    this.id = deviceId(this.publicKey);
  }

  /** Another copy of the same device, as a restored profile has it. */
  copy() {
    const der = this.privateKey.export({ format: 'der', type: 'pkcs8' });
    return new Device({ privateKey: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) });
  }

  /** A new actor, as each run of a tab takes one. */
  actor() {
    return bytes(this.id.subarray(0, 8), randomBytes(8));
  }

  /** Proof of the key at sign-in. */
  prove(challenge) {
    return sign(null, bytes('loopbaanmaat.session.v1', challenge), this.privateKey);
  }

  signature(doc, hash) {
    return sign(null, changeText(doc, this.id, hash), this.privateKey);
  }

  /** What is pushed: a change with its hash, author and signature. */
  item(doc, data, hash = hashOf(data)) {
    return { hash, by: this.id, sig: this.signature(doc, hash), data };
  }
}

/** Whether an item of a log was signed by the key that the directory names for its author. */
export function signedBy(publicKey, doc, item) {
  if (item.by.equals(GENESIS)) return item.sig.length === 0 && item.seq === 1;
  const key = createPublicKey({ key: bytes(PUBLIC_DER, publicKey), format: 'der', type: 'spki' });
  return verify(null, changeText(doc, item.by, item.hash), key, item.sig);
}
