// Hocuspocus with its SQLite extension and no other settings.
import { join } from 'node:path';
import { SQLite } from '@hocuspocus/extension-sqlite';
import { Server } from '@hocuspocus/server';

const server = new Server({
  address: '127.0.0.1',
  port: 0,
  quiet: true,
  extensions: [new SQLite({ database: join(process.argv[2], 'peer.sqlite') })],
});
await server.listen();
console.log(`ws://127.0.0.1:${server.address.port}`);
