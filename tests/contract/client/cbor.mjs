// CBOR as the contract has it: definite lengths, text keys, integers of major type 0 up to 2^53 - 1, byte and
// text strings, null and booleans. Whatever else arrives is a fault of the server and throws.

const MAX_DEPTH = 8;

/** The head of an item: major type and length or value, shortest form. */
export function head(major, value) {
  const type = major << 5;
  if (value < 24) return Buffer.from([type | value]);
  if (value < 0x100) return Buffer.from([type | 24, value]);
  if (value < 0x10000) return Buffer.from([type | 25, value >> 8, value & 0xff]);
  if (value < 0x100000000) {
    const out = Buffer.alloc(5);
    out[0] = type | 26;
    out.writeUInt32BE(value, 1);
    return out;
  }
  const out = Buffer.alloc(9);
  out[0] = type | 27;
  out.writeBigUInt64BE(BigInt(value), 1);
  return out;
}

/** An already encoded item, to place inside something that is encoded. */
export class Raw {
  constructor(encoded) {
    this.encoded = Buffer.from(encoded);
  }
}

export function encode(value) {
  if (value instanceof Raw) return value.encoded;
  if (value === null) return Buffer.from([0xf6]);
  if (value === true) return Buffer.from([0xf5]);
  if (value === false) return Buffer.from([0xf4]);
  if (typeof value === 'number' || typeof value === 'bigint') {
    if (value < 0 || (typeof value === 'number' && !Number.isInteger(value))) throw new TypeError(`no CBOR for ${value}`);
    return head(0, value);
  }
  if (typeof value === 'string') {
    const utf8 = Buffer.from(value, 'utf8');
    return Buffer.concat([head(3, utf8.length), utf8]);
  }
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encode)]);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([key, inner]) => [encode(key), encode(inner)])]);
}

/** Decodes exactly one item that fills `raw`. */
export function decode(raw) {
  const reader = new Reader(Buffer.from(raw));
  const value = reader.item(0);
  if (reader.at !== reader.raw.length) throw new Error('bytes behind the item');
  return value;
}

/** Splits an encoded array into its encoded elements, so that they can be compared byte for byte. */
export function elements(raw) {
  const reader = new Reader(Buffer.from(raw));
  const { major, value } = reader.head();
  if (major !== 4) throw new Error('not an array');
  const out = [];
  for (let i = 0; i < value; i += 1) {
    const from = reader.at;
    reader.item(1);
    out.push(reader.raw.subarray(from, reader.at));
  }
  if (reader.at !== reader.raw.length) throw new Error('bytes behind the array');
  return out;
}

class Reader {
  constructor(raw) {
    this.raw = raw;
    this.at = 0;
  }

  take(length) {
    if (this.at + length > this.raw.length) throw new Error('cut short');
    this.at += length;
    return this.raw.subarray(this.at - length, this.at);
  }

  head() {
    const [initial] = this.take(1);
    const major = initial >> 5;
    const info = initial & 0x1f;
    if (major === 7) return { major, value: info };
    if (info < 24) return { major, value: info };
    if (info > 27) throw new Error('indefinite length or reserved');
    const value = this.take(2 ** (info - 24)).reduce((sum, byte) => sum * 256 + byte, 0);
    if (value > Number.MAX_SAFE_INTEGER) throw new Error('integer above 2^53 - 1');
    return { major, value };
  }

  item(depth) {
    const { major, value } = this.head();
    switch (major) {
      case 0:
        return value;
      case 2:
        return Buffer.from(this.take(value));
      case 3:
        return new TextDecoder('utf-8', { fatal: true }).decode(this.take(value));
      case 4:
        if (depth >= MAX_DEPTH) throw new Error('nested too deeply');
        return Array.from({ length: value }, () => this.item(depth + 1));
      case 5:
        return this.map(value, depth);
      case 7:
        if (value === 20) return false;
        if (value === 21) return true;
        if (value === 22) return null;
        throw new Error(`simple value or float ${value}`);
      default:
        throw new Error(`major type ${major}`);
    }
  }

  map(length, depth) {
    if (depth >= MAX_DEPTH) throw new Error('nested too deeply');
    const out = {};
    for (let i = 0; i < length; i += 1) {
      const key = this.item(depth + 1);
      if (typeof key !== 'string') throw new Error('a key that is no text');
      if (Object.hasOwn(out, key)) throw new Error(`key ${key} twice`);
      out[key] = this.item(depth + 1);
    }
    return out;
  }
}
