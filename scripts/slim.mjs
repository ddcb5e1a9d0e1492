// Takes out of the built WebAssembly what only a debugger reads: the names of its functions, a fifth of what a phone
// would download. Cargo cannot leave them out (wasm-bindgen works by them), and Trunk cannot ask wasm-bindgen to.
// The page carries each file's checksum, so that is brought up to date as well.
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const UNREAD = new Set(["name", "producers"]);
const HEADER_BYTES = 8;
const CUSTOM_SECTION = 0;

/** A number in LEB128 at `start`, and where it ends. */
function number(bytes, start) {
  let value = 0;
  let scale = 1;
  for (let at = start; ; at += 1) {
    value += (bytes[at] & 0x7f) * scale;
    scale *= 128;
    if ((bytes[at] & 0x80) === 0) return [value, at + 1];
  }
}

/** The same module without the sections that nothing reads. */
function withoutNames(bytes) {
  const kept = [bytes.subarray(0, HEADER_BYTES)];
  for (let start = HEADER_BYTES; start < bytes.length; ) {
    const [length, content] = number(bytes, start + 1);
    const end = content + length;
    let unread = false;
    if (bytes[start] === CUSTOM_SECTION) {
      const [nameLength, name] = number(bytes, content);
      unread = UNREAD.has(bytes.toString("utf8", name, name + nameLength));
    }
    if (!unread) kept.push(bytes.subarray(start, end));
    start = end;
  }
  return Buffer.concat(kept);
}

const checksum = (bytes) => createHash("sha384").update(bytes).digest("base64");

/** Slims every module in `folder`; says what that saved. */
export async function slim(folder) {
  const pagePath = join(folder, "index.html");
  let page = await readFile(pagePath, "utf8");
  let saved = 0;
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".wasm"))) {
    const path = join(folder, name);
    const bytes = await readFile(path);
    const slimmed = withoutNames(bytes);
    saved += bytes.length - slimmed.length;
    await writeFile(path, slimmed);
    page = page.replaceAll(`sha384-${checksum(bytes)}`, `sha384-${checksum(slimmed)}`);
  }
  await writeFile(pagePath, page);
  return `${saved.toLocaleString("en")} bytes of names taken out`;
}
