// The sync server of automerge-repo, as its own example makes it: WebSockets, and a folder of files.
import { Repo } from '@automerge/automerge-repo';
import { WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket';
import { NodeFSStorageAdapter } from '@automerge/automerge-repo-storage-nodefs';
import { WebSocketServer } from 'ws';

const socket = new WebSocketServer({ host: '127.0.0.1', port: 0 });
new Repo({
  peerId: 'server',
  network: [new WebSocketServerAdapter(socket)],
  storage: new NodeFSStorageAdapter(process.argv[2]),
  // It answers who asks for a document, and offers none by itself.
  sharePolicy: async () => false,
});
socket.once('listening', () => console.log(`ws://127.0.0.1:${socket.address().port}`));
