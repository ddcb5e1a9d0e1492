// What the server costs, beside two others on the same machine in the same run: see docs/performance.md.
// `node tests/bench/sync.bench.mjs W1 W6` measures only those; LOOPBAANMAAT_LOAD names our load generator.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { binary } from '../contract/client/server.mjs';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LOAD = process.env.LOOPBAANMAAT_LOAD ?? `${ROOT}target/release/load`;
const PEER = fileURLToPath(new URL('peers/run.mjs', import.meta.url));
const PEERS = { hocuspocus: 'Hocuspocus 4', automerge: 'automerge-repo 2.5' };
const PATIENCE_MS = 10 * 60_000;
const SECONDS = Number(process.env.SECONDS_EACH ?? 10);

/** Each piece of work; `most` and `least` are the targets. */
const WORK = [
  {
    name: 'W1 10 documents, a writer and a reader each, the next edit when the last has arrived',
    work: 'pairs',
    options: { docs: 10, seconds: SECONDS },
    most: { seen_p50_ms: 3, seen_p99_ms: 15 },
    below: { cpu_us_per_edit: 'hocuspocus' },
  },
  {
    name: 'W1 the same at 91 edits a second',
    work: 'pairs',
    options: { docs: 10, rate: 91, seconds: SECONDS },
    most: { seen_p50_ms: 3, seen_p99_ms: 15 },
    below: { cpu_us_per_edit: 'hocuspocus' },
  },
  {
    name: 'W2 as W1, on documents with 20,000 edits behind them',
    work: 'pairs',
    options: { docs: 10, history: 20_000, seconds: SECONDS },
    most: {},
  },
  { name: 'W3 a device with 500 unchanged documents comes back', work: 'reconnect', options: { docs: 500 }, most: {} },
  { name: 'W3 a device with 2,000 unchanged documents comes back', work: 'reconnect', options: { docs: 2_000 }, most: { cpu_ms: 20, round_trips: 1 } },
  { name: 'W4 1,000 idle connections', work: 'idle', options: { connections: 1_000 }, most: { kib_per_connection: 10 } },
  { name: 'W5 1,000 connected devices, 50 edits a second', work: 'pairs', options: { docs: 500, rate: 50, seconds: 2 * SECONDS }, most: { seen_p99_ms: 50 } },
  { name: 'W6 pushes of 128 devices, each on the disk before it is acknowledged', work: 'saturation', options: { devices: 128, each: 800 }, least: { acks_per_s: 10_000 }, alone: true },
  { name: 'W6 the same with the documents open', work: 'saturation', options: { devices: 128, each: 800, open: true }, alone: true },
];

const LABELS = {
  edits_per_s: 'edits a second',
  acks_per_s: 'durable acknowledgements a second',
  cpu_us_per_edit: "server's CPU per edit, µs",
  cpu_us_per_push: "server's CPU per push, µs",
  workers_us_per_edit: "its workers' CPU per edit, µs",
  workers_us_per_push: "its workers' CPU per push, µs",
  cpu_ms: "server's CPU, ms",
  seen_p50_ms: 'edit → other device, p50, ms',
  seen_p99_ms: 'edit → other device, p99, ms',
  ack_p50_ms: 'edit → acknowledged, p50, ms',
  ack_p99_ms: 'edit → acknowledged, p99, ms',
  took_p50_ms: 'until all are open, p50, ms',
  took_p99_ms: 'until all are open, longest, ms',
  round_trips: 'round trips',
  bytes: 'bytes on the wire',
  bytes_per_edit: 'bytes on the wire per edit',
  kib_per_connection: 'KiB of memory per connection',
  resident_mib: "server's memory, MiB",
  cpu_percent: "server's CPU, % of one processor",
};

async function measured(program, args, environment = {}) {
  try {
    const { stdout } = await run(program, args, { timeout: PATIENCE_MS, env: { ...process.env, ...environment } });
    return JSON.parse(stdout);
  } catch (error) {
    console.error(`${program} ${args.join(' ')}: ${error.message.split('\n').slice(0, 4).join(' ')}`);
    return undefined;
  }
}

const flags = (options) => Object.entries(options).flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, `${value}`]));
const shown = (value) => (value === undefined ? '–' : value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 }));
const ratio = (theirs, ours) => (theirs === undefined || !ours ? shown(theirs) : `${shown(theirs)} (${(theirs / ours).toPrecision(2)}×)`);

if (!existsSync(LOAD)) throw new Error('no load generator; build it first: cargo build --release -p tests');
const wanted = process.argv.slice(2);
let missed = 0;
for (const { name, work, options, most = {}, least = {}, below = {}, alone } of WORK) {
  if (wanted.length > 0 && !wanted.includes(name.slice(0, 2))) continue;
  const ours = await measured(LOAD, [work, ...flags(options)], { LOOPBAANMAAT_BIN: binary() });
  if (!ours) {
    missed += 1;
    continue;
  }
  const peers = {};
  for (const peer of alone ? [] : Object.keys(PEERS)) {
    peers[peer] = await measured(process.execPath, [PEER, peer, work, JSON.stringify(options)]);
  }
  console.log(`\n${name}\n`);
  console.log(`| | Loopbaanmaat | target |${Object.keys(peers).map((peer) => ` ${PEERS[peer]} |`).join('')}`);
  console.log(`|---|---|---|${Object.keys(peers).map(() => '---|').join('')}`);
  for (const [key, label] of Object.entries(LABELS)) {
    if (ours[key] === undefined) continue;
    let target = '';
    let met = true;
    if (most[key] !== undefined) [target, met] = [`≤ ${shown(most[key])}`, ours[key] <= most[key]];
    if (least[key] !== undefined) [target, met] = [`≥ ${shown(least[key])}`, ours[key] >= least[key]];
    if (below[key] !== undefined) [target, met] = [`< ${PEERS[below[key]]}`, ours[key] < (peers[below[key]]?.[key] ?? 0)];
    if (!met) missed += 1;
    const theirs = Object.values(peers).map((figures) => ` ${ratio(figures?.[key], ours[key])} |`);
    console.log(`| ${label} | ${shown(ours[key])} | ${target}${met ? '' : ' **missed**'} |${theirs.join('')}`);
  }
}
console.log(missed === 0 ? '\nAll targets met.' : `\n${missed} targets missed.`);
if (missed > 0) process.exitCode = 1;
