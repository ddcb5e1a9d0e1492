// Raw bytes: base64url, hashing, joining and automerge's variable-length numbers.
import { createHash } from 'node:crypto';

export const bytes = (...parts) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'utf8') : Buffer.from(part))));

export const sha256 = (...parts) => createHash('sha256').update(bytes(...parts)).digest();

export const toText = (raw) => Buffer.from(raw).toString('base64url');

export const fromText = (text) => Buffer.from(text, 'base64url');

export const hex = (raw) => Buffer.from(raw).toString('hex');

/** An unsigned LEB128 number in its shortest form. */
export function uleb(number) {
  const out = [];
  let rest = BigInt(number);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    out.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(out);
}

/** The same number, one byte longer than need be. */
export function longUleb(number) {
  const shortest = uleb(number);
  shortest[shortest.length - 1] |= 0x80;
  return bytes(shortest, [0]);
}
