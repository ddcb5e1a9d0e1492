// How many bytes the client costs on the line: every file the page needs, as the server sends it to a browser.
import { Server, exchange } from '../contract/client/server.mjs';

const BUDGET_WASM_BYTES = 480_000;

const server = await Server.start();
try {
  const page = await exchange(`${server.base}/`);
  const worker = await exchange(`${server.base}/sw.js`);
  const list = /const FILES = (\[.*?\]);/s.exec(worker.text)?.[1];
  const addresses = list ? JSON.parse(list) : [...page.text.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map((found) => found[1]);

  const rows = [];
  for (const address of new Set(['/', '/sw.js', ...addresses])) {
    const answer = await exchange(server.base + address, { headers: { 'accept-encoding': 'br' } });
    if (answer.status !== 200) throw new Error(`${address} is answered with ${answer.status}`);
    rows.push({ address, bytes: answer.raw.length, encoding: answer.headers['content-encoding'] ?? 'as it is' });
  }
  rows.sort((a, b) => b.bytes - a.bytes);

  console.log('Bytes on the line');
  for (const { address, bytes, encoding } of rows) {
    console.log(`  ${bytes.toLocaleString('en').padStart(9)}  ${encoding.padEnd(8)}  ${address}`);
  }
  console.log(`  ${rows.reduce((sum, { bytes }) => sum + bytes, 0).toLocaleString('en').padStart(9)}  in all`);

  const wasm = rows.find(({ address }) => address.endsWith('.wasm'));
  if (!wasm) throw new Error('the page has no WebAssembly: was the client built into this server?');
  if (wasm.encoding !== 'br') throw new Error('the WebAssembly is not served with brotli');
  const share = wasm.bytes / BUDGET_WASM_BYTES;
  console.log(`WebAssembly with brotli: ${wasm.bytes.toLocaleString('en')} bytes, ${(share * 100).toFixed(0)} % of its budget`);
  if (share > 1) process.exitCode = 1;
} finally {
  await server.remove();
}
