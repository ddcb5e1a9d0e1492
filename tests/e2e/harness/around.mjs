// What a server's log holds around its gate: written into its database while it is stopped.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bytes, uleb } from '../../contract/client/bytes.mjs';
import { chunk, hashOf, make, maxOp, parts } from '../../contract/client/change.mjs';
import { chainNext } from '../../contract/client/replica.mjs';

const { default: sql } = { default: createRequire(import.meta.url)('sql.js') };

/** A change that no automerge can decode: its operation is in an object of an actor that it does not name. */
export function poison(change) {
  const sound = make(change);
  const { rest, ...head } = parts(sound);
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = rest[at];
      at += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const specs = Array.from({ length: number() }, () => ({ column: number(), length: number() }));
  const columns = specs.map(({ column, length }) => {
    at += length;
    return { column, data: rest.subarray(at - length, at) };
  });
  // Columns ascend: those of the object come first.
  columns.unshift({ column: 0x01, data: Buffer.from([0x7f, 1]) }, { column: 0x02, data: Buffer.from([0x7f, 1]) });
  return chunk(
    bytes(
      uleb(head.deps.length),
      ...head.deps,
      uleb(head.actor.length),
      head.actor,
      uleb(head.seq),
      uleb(head.startOp),
      head.time,
      uleb(head.message.length),
      head.message,
      uleb(head.others.length),
      ...head.others.flatMap((actor) => [uleb(actor.length), actor]),
      uleb(columns.length),
      ...columns.flatMap(({ column, data }) => [uleb(column), uleb(data.length)]),
      ...columns.map(({ data }) => data),
    ),
  );
}

/** Puts an item behind the log of a document of a server that has been stopped; it is not tried any more. */
export async function putAround(server, doc, item, top) {
  const { Database } = await sql();
  const file = join(server.data, 'loopbaanmaat.sqlite');
  const database = new Database(readFileSync(file));
  const [[[head, before]]] = database.exec('SELECT head, chain FROM documents WHERE id = ?', [doc]).map(({ values }) => values);
  const chain = chainNext(Buffer.from(before), item.hash);
  const { actor, seq, deps } = parts(item.data);
  database.run('INSERT INTO items (doc, seq, hash, chain, by, sig, actor, actor_seq, max_op, deps, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [
    doc,
    head + 1,
    item.hash,
    chain,
    item.by,
    item.sig,
    actor,
    seq,
    top,
    Buffer.concat(deps),
    item.data,
  ]);
  // The database moves the head along with the log by itself.
  database.run('UPDATE documents SET head = ?1, tried = ?1, chain = ?2, max_op = ?3 WHERE id = ?4', [head + 1, chain, top, doc]);
  writeFileSync(file, database.export());
  database.close();
}

export { hashOf, make, maxOp };
