// A ZIP file as any program reads it: by its list at the end, each entry checked against its sum and size.
import assert from 'node:assert/strict';
import { crc32, inflateRawSync } from 'node:zlib';

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const UTF8 = 1 << 11;

/** The files in it by name, each with its bytes and when it was changed. */
export function unzip(bytes) {
  let end = bytes.length - 22;
  while (end >= 0 && bytes.readUInt32LE(end) !== END) end -= 1;
  assert.ok(end >= 0, 'no ZIP file');
  const files = new Map();
  let at = bytes.readUInt32LE(end + 16);
  for (let n = bytes.readUInt16LE(end + 10); n > 0; n -= 1) {
    assert.equal(bytes.readUInt32LE(at), ENTRY);
    const [flags, method, time, day] = [8, 10, 12, 14].map((place) => bytes.readUInt16LE(at + place));
    const [crc, packed, size] = [16, 20, 24].map((place) => bytes.readUInt32LE(at + place));
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((place) => bytes.readUInt16LE(at + place));
    const raw = bytes.subarray(at + 46, at + 46 + nameLength);
    const name = raw.toString('utf8');
    assert.ok(raw.every((byte) => byte < 0x80) || (flags & UTF8) !== 0, `${name} is not said to be UTF-8`);
    const local = bytes.readUInt32LE(at + 42);
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const stored = bytes.subarray(from, from + packed);
    const data = method === 8 ? inflateRawSync(stored) : Buffer.from(stored);
    assert.equal(data.length, size, name);
    assert.equal(crc32 ? crc32(data) : crc, crc, name);
    const changed = new Date(Date.UTC(1980 + (day >> 9), ((day >> 5) & 15) - 1, day & 31, time >> 11, (time >> 5) & 63, (time & 31) * 2));
    assert.ok(!files.has(name), `${name} is there twice`);
    files.set(name, { data, changed });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return files;
}
