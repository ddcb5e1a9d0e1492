// Puts a peer under the same load as `tests/src/work` puts ours, and prints the same figures as JSON:
// node run.mjs automerge|hocuspocus pairs|reconnect|idle '{"docs":10,…}'
import { spawn } from 'node:child_process';
import diagnostics from 'node:diagnostics_channel';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const [peer, work, options = '{}'] = process.argv.slice(2);
const { Device, history } = await import(`./${peer}.client.mjs`);
const WORDS = 'twintig letters erin';
const WARMING_MS = 2_000;

const sockets = new Set();
diagnostics.subscribe('net.client.socket', ({ socket }) => sockets.add(socket));
const bytes = () => [...sockets].reduce((sum, socket) => sum + (socket.bytesRead ?? 0) + (socket.bytesWritten ?? 0), 0);

const data = mkdtempSync(join(tmpdir(), 'peer-'));
const server = spawn(process.execPath, [fileURLToPath(new URL(`${peer}.server.mjs`, import.meta.url)), data], {
  stdio: ['ignore', 'pipe', process.env.DRILL_LOG ? 'inherit' : 'ignore'],
});
const url = await new Promise((resolve, reject) => {
  createInterface(server.stdout).once('line', resolve);
  server.once('exit', (code) => reject(new Error(`the peer ended with code ${code}`)));
});

const proc = (file) => readFileSync(`/proc/${server.pid}/${file}`, 'utf8');
/** What the server has used of all processors, in microseconds, in steps of 10 ms. */
const cpu = () => {
  const fields = proc('stat').replace(/^.*\)/s, '').trim().split(/\s+/);
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
};
const resident = () => Number(/VmRSS:\s+(\d+)/.exec(proc('status'))[1]) * 1_024;
const rounded = (value) => Math.round(value * 100) / 100;
const percentile = (times, percent) => {
  const sorted = times.toSorted((a, b) => a - b);
  return rounded(sorted[Math.min(Math.floor((sorted.length * percent) / 100), sorted.length - 1)] ?? 0);
};
/** Waits until the server has had nothing to do for a second. */
async function settled() {
  for (let before = -1, quiet = 0; quiet < 5; ) {
    const now = cpu();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
    await pause(200);
  }
}

/** Documents with a writer and a reader each. */
async function pairs({ docs = 10, history: edits = 0, rate, seconds = 10 }) {
  const start = history(edits, WORDS);
  const all = [];
  for (let number = 0; number < docs; number += 1) {
    const writer = await new Device(url).ready();
    const reader = await new Device(url).ready();
    await reader.open(await writer.put(start));
    while (!reader.has(edits * WORDS.length)) await pause(10);
    all.push({ writer, reader });
  }
  await settled();
  const seen = [];
  let [measuring, ended] = [false, false];
  const loops = all.map(async ({ writer, reader }, index) => {
    let arrived;
    reader.onSeen(() => arrived?.());
    const began = performance.now() + (rate ? (index * 1_000) / rate : 0);
    for (let turn = 0; !ended; turn += 1) {
      if (rate) {
        const wait = began + (turn * docs * 1_000) / rate - performance.now();
        if (wait > 0) await pause(wait, undefined, { ref: false });
      }
      const got = new Promise((resolve) => (arrived = resolve));
      const start = performance.now();
      writer.edit(WORDS);
      await got;
      if (measuring) seen.push(performance.now() - start);
    }
  });
  await pause(WARMING_MS);
  measuring = true;
  const before = { cpu: cpu(), bytes: bytes(), at: performance.now() };
  await pause(seconds * 1_000);
  const used = cpu() - before.cpu;
  const took = (performance.now() - before.at) / 1_000;
  const sent = bytes() - before.bytes;
  const edited = seen.length;
  ended = true;
  void loops;
  return {
    edits_per_s: rounded(edited / took),
    cpu_us_per_edit: rounded(used / Math.max(edited, 1)),
    seen_p50_ms: percentile(seen, 50),
    seen_p99_ms: percentile(seen, 99),
    bytes_per_edit: rounded(sent / Math.max(edited, 1)),
    resident_mib: rounded(resident() / (1 << 20)),
  };
}

/** A device with unchanged documents comes back. */
async function reconnect({ docs = 2_000 }) {
  const start = history(3, WORDS);
  const device = await new Device(url).ready();
  for (let number = 0; number < docs; number += 1) await device.put(start);
  await settled();
  const times = 3;
  const [used, sent] = [cpu(), bytes()];
  for (let time = 0; time < times; time += 1) {
    device.cut();
    await settled();
  }
  return {
    cpu_ms: rounded((cpu() - used) / 1_000 / times),
    bytes: Math.round((bytes() - sent) / times),
    resident_mib: rounded(resident() / (1 << 20)),
  };
}

/** Connections on which nothing happens. */
async function idle({ connections = 1_000 }) {
  const start = history(0, WORDS);
  const connected = async () => {
    const device = await new Device(url).ready();
    await device.put(start);
    return device;
  };
  const all = [];
  for (let number = 0; number < 50; number += 1) all.push(await connected());
  await settled();
  const before = resident();
  for (let number = 0; number < connections; number += 1) all.push(await connected());
  await settled();
  const after = resident();
  const [used, seconds] = [cpu(), 10];
  await pause(seconds * 1_000);
  return {
    kib_per_connection: rounded((after - before) / 1_024 / connections),
    resident_mib: rounded(after / (1 << 20)),
    cpu_percent: rounded((cpu() - used) / 10_000 / seconds),
  };
}

try {
  const figures = await { pairs, reconnect, idle }[work](JSON.parse(options));
  console.log(JSON.stringify(figures));
} finally {
  server.removeAllListeners('exit');
  server.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
  process.exit();
}
