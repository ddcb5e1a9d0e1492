// Writes into the built service worker which files the application needs to start without a network,
// and a name for this build. Run by Trunk after each build (see Trunk.toml).
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

const folder = process.env.TRUNK_STAGING_DIR;
if (!folder) throw new Error("TRUNK_STAGING_DIR is not set: this script is run by Trunk");

// The worker itself is the browser's to keep, and the rest is of no use on the device.
const left_out = new Set(["/sw.js", "/robots.txt"]);
const is_left_out = (address) => left_out.has(address) || address.startsWith("/.well-known/");

const entries = await readdir(folder, { recursive: true, withFileTypes: true });
const files = entries
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .map((path) => ({ path, address: `/${relative(folder, path).split(sep).join("/")}` }))
  .filter(({ address }) => !is_left_out(address))
  .sort((a, b) => (a.address < b.address ? -1 : 1));

const worker_path = join(folder, "sw.js");
let worker;
try {
  worker = await readFile(worker_path, "utf8");
} catch {
  console.warn("precache: there is no sw.js in this build; nothing to do");
  process.exit(0);
}

// The build's name changes with any byte of any file, the worker's own included.
const hash = createHash("sha256").update(worker);
for (const { path, address } of files) hash.update(address).update("\0").update(await readFile(path));
const build = hash.digest("hex").slice(0, 16);
const addresses = files.map(({ address }) => (address === "/index.html" ? "/" : address));

const replacements = [
  ["/* PRECACHE */ []", JSON.stringify(addresses)],
  ['/* BUILD */ ""', JSON.stringify(build)],
];
for (const [place, value] of replacements) {
  if (!worker.includes(place)) throw new Error(`precache: sw.js has no place ${place}`);
  worker = worker.replace(place, () => value);
}
await writeFile(worker_path, worker);
console.log(`precache: ${addresses.length} files, build ${build}`);
