// An older backup is put back beneath devices that know more: what they hold comes back, and what was destroyed in the
// meantime stays destroyed, and is purged where it is still held.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Server, binary } from './client/server.mjs';
import { Session } from './client/session.mjs';

/** The program's answer, on the data of that server. */
const program = (server, ...args) => execFileSync(binary(), [...args, '--data', server.data], { encoding: 'utf8' });

test('what was destroyed after a backup stays so when it is put back, and the rest comes back from devices', async () => {
  const server = await Server.start();
  const safe = mkdtempSync(join(tmpdir(), 'loopbaanmaat-backup-'));
  try {
    const coach = await Session.signIn(server, 'coach2');
    const { documents, trajectories } = await coach.directory();
    const isClosed = (id) => trajectories.some((it) => it.id === id && it.state === 'closed');
    const notes = coach.replica(documents.find((it) => it.kind === 'working_notes' && isClosed(it.trajectory)).id);
    await coach.read(notes);
    assert.ok(notes.items.length > 1);
    const profile = coach.replica(await coach.document('coach_profile'));
    await coach.read(profile);

    const backup = join(safe, 'copy.sqlite');
    assert.match(program(server, 'backup', backup), /Its audit log ends at [0-9a-f]{64}@\d+/);
    const later = profile.edit((doc) => Object.assign(doc, { teken: 'na de back-up' }));
    assert.equal((await coach.exchange({ t: 'push', id: 2, doc: profile.doc, items: [later] }))[0].t, 'ack');
    assert.match(program(server, 'retention', 'run', '--days-ahead', '80'), /Destroyed: [1-9]/);
    assert.throws(() => program(server, 'restore', backup), /a server runs on/);

    await server.stop();
    assert.match(program(server, 'restore', backup), /destroyed again: [1-9]/);
    await server.start();
    const again = await Session.signIn(server, 'coach2', coach.device);
    const [gone] = await again.exchange({ t: 'open', docs: [notes.place] });
    assert.deepEqual([gone.t, gone.doc], ['gone', notes.doc]);
    const [refused] = await again.exchange({ t: 'push', id: 3, doc: notes.doc, items: [notes.edit((doc) => Object.assign(doc, { teken: 'offline' }))] });
    assert.deepEqual([refused.t, refused.id], ['gone', 3]);
    const [ack] = await again.exchange({ t: 'push', id: 4, doc: profile.doc, items: [later] });
    assert.deepEqual([ack.t, ack.items.length], ['ack', 1]);
    assert.match(program(server, 'audit', 'verify', '--head', `${backup}.head`), /is what was written/);
    for (const name of readdirSync(safe)) assert.equal(statSync(join(safe, name)).mode & 0o777, 0o600, name);
  } finally {
    await server.remove();
    rmSync(safe, { recursive: true, force: true });
  }
});
