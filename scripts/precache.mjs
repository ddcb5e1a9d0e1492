// Writes into the built service worker which files the application needs to start without a network,
// and a name for this build.
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";

// The worker itself is the browser's to keep, and the rest is of no use on the device.
const LEFT_OUT = new Set(["/sw.js", "/robots.txt"]);
const isLeftOut = (address) => LEFT_OUT.has(address) || address.startsWith("/.well-known/");

/** Every file of `folder` with its address on the server, in one order. */
async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .map((path) => ({ path, address: `/${relative(folder, path).split(sep).join("/")}` }))
    .filter(({ address }) => !isLeftOut(address))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
}

/** Fills in the two places of `sw.js` in `folder`; says what it wrote. */
export async function precache(folder) {
  const files = await filesOf(folder);
  const workerPath = join(folder, "sw.js");
  let worker = await readFile(workerPath, "utf8");

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
    if (!worker.includes(place)) throw new Error(`sw.js has no place ${place}`);
    worker = worker.replace(place, () => value);
  }
  await writeFile(workerPath, worker);
  return `${addresses.length} files for the service worker, build ${build}`;
}
