// Automerge changes as bytes: the uncompressed chunk, its hash, and its parts, so that a test can spoil any of them.
import { inflateRawSync } from 'node:zlib';
import * as automerge from '@automerge/automerge';
import { bytes, hex, sha256, uleb } from './bytes.mjs';

const MAGIC = Buffer.from('856f4a83', 'hex');
const CHANGE = 1;
const COMPRESSED = 2;

function readUleb(raw, from) {
  let value = 0n;
  let shift = 0n;
  let at = from;
  for (;;) {
    if (at >= raw.length) throw new RangeError('cut short');
    const byte = raw[at];
    at += 1;
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) return { value: Number(value), at };
  }
}

/** A chunk of `contents`, with the checksum that belongs to it. */
export function chunk(contents, { type = CHANGE, length = uleb(contents.length), checksum } = {}) {
  const hash = sha256([type], length, contents);
  return bytes(MAGIC, checksum ?? hash.subarray(0, 4), [type], length, contents);
}

/** The contents of a chunk, inflated where automerge deflated them. */
export function contentsOf(raw) {
  const { value: length, at } = readUleb(raw, 9);
  const contents = Buffer.from(raw.slice(at, at + length));
  return raw[8] === COMPRESSED ? inflateRawSync(contents) : contents;
}

/** The uncompressed chunk of what automerge gives. */
export const uncompressed = (raw) => chunk(contentsOf(raw));

/** The hash of a change: over type, length and contents of its uncompressed chunk. */
export function hashOf(raw) {
  const contents = contentsOf(raw);
  return sha256([CHANGE], uleb(contents.length), contents);
}

/** The parts of a change that stand before its columns; `rest` is everything from the list of columns on. */
export function parts(raw) {
  const contents = contentsOf(raw);
  let at = 0;
  const number = () => {
    const read = readUleb(contents, at);
    at = read.at;
    return read.value;
  };
  const take = (length) => {
    at += length;
    return contents.subarray(at - length, at);
  };
  const deps = Array.from({ length: number() }, () => take(32));
  const actor = take(number());
  const seq = number();
  const startOp = number();
  const timeFrom = at;
  while (contents[at] >= 0x80) at += 1;
  at += 1;
  const time = contents.subarray(timeFrom, at);
  const message = take(number());
  const others = Array.from({ length: number() }, () => take(number()));
  return { deps, actor, seq, startOp, time, message, others, rest: contents.subarray(at) };
}

/** Joins parts again; `number` may write numbers in another form. */
export function join(change, { number = {} } = {}) {
  const write = (name, value) => (number[name] ?? uleb)(value);
  return chunk(
    bytes(
      write('deps', change.deps.length),
      ...change.deps,
      write('actor', change.actor.length),
      change.actor,
      write('seq', change.seq),
      write('startOp', change.startOp),
      change.time,
      uleb(change.message.length),
      change.message,
      uleb(change.others.length),
      ...change.others.flatMap((actor) => [uleb(actor.length), actor]),
      change.rest,
    ),
  );
}

/** The columns with the contents of one of them replaced. */
export function withColumn(rest, wanted, contents) {
  let at = 0;
  const number = () => {
    const read = readUleb(rest, at);
    at = read.at;
    return read.value;
  };
  const heads = Array.from({ length: number() }, () => ({ column: number(), length: number() }));
  const columns = heads.map(({ column, length }) => {
    at += length;
    return { column, data: column === wanted ? contents : rest.subarray(at - length, at) };
  });
  return bytes(
    uleb(columns.length),
    ...columns.flatMap(({ column, data }) => [uleb(column), uleb(data.length)]),
    ...columns.map(({ data }) => data),
  );
}

/** A change of given ops, as bytes; ops default to one that sets a key of the root. */
export function make({ actor, seq = 1, startOp, deps = [], ops, key = 'contract', value = 'x' }) {
  return uncompressed(
    automerge.encodeChange({
      actor: hex(actor),
      seq,
      startOp,
      time: 0,
      message: null,
      deps: deps.map(hex).sort(),
      ops: ops ?? [{ action: 'set', obj: '_root', key, value, pred: [] }],
    }),
  );
}

/** The highest op of a change. */
export function maxOp(raw) {
  const { startOp, ops } = automerge.decodeChange(new Uint8Array(raw));
  return startOp + ops.length - 1;
}
