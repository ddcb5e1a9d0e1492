// Who sees what: every account against every document of the demo, held against the product's table of documents.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { hex } from './client/bytes.mjs';
import { nowhere } from './client/fixture.mjs';
import { Server } from './client/server.mjs';
import { Session } from './client/session.mjs';

const PEOPLE = [
  'adviseur',
  'trainer',
  'beheer',
  ...Array.from({ length: 6 }, (_, n) => `coach${n + 1}`),
  ...Array.from({ length: 12 }, (_, n) => `medewerker${n + 1}`),
];

let server;
let people;
let documents;

before(async () => {
  server = await Server.start();
  people = [];
  documents = new Map();
  for (const name of PEOPLE) {
    const session = await Session.signIn(server, name);
    const directory = await session.directory();
    people.push({ name, session, directory });
    for (const it of directory.documents) documents.set(hex(it.id), it);
  }
});
after(() => server.remove());

const open = (docs) => ({ t: 'open', docs: docs.map((doc) => ({ doc, cursor: 0, chain: null })) });

test('what can be opened is what the directory lists, with the access that it lists', async () => {
  const all = [...documents.values()].map(({ id }) => id);
  for (const { name, session, directory } of people) {
    const own = new Map(directory.documents.map(({ id, access }) => [hex(id), access]));
    for (let from = 0; from < all.length; from += 20) {
      const answers = await session.exchange(open(all.slice(from, from + 20)));
      for (const answer of answers.filter(({ t }) => t === 'opened' || t === 'denied' || t === 'gone')) {
        const expected = own.get(hex(answer.doc)) ?? 'denied';
        assert.equal(answer.access ?? answer.t, expected, `${name} and a ${documents.get(hex(answer.doc)).kind}`);
      }
      const told = answers.filter(({ t }) => t !== 'changes' && t !== 'directory');
      assert.equal(told.length, Math.min(20, all.length - from));
    }
  }
});

test('the content of a foreign document never leaves, whatever is sent', async () => {
  for (const { name, session, directory } of people) {
    const own = new Set(directory.documents.map(({ id }) => hex(id)));
    const foreign = [...documents.values()].filter(({ id }) => !own.has(hex(id)));
    assert.ok(foreign.length > 0, name);
    const shape = ({ doc, ...rest }) => JSON.stringify(rest);
    const [none] = (await session.exchange({ t: 'push', id: 1, doc: nowhere(), items: [] })).map(shape);
    for (const { id, kind } of foreign.slice(0, 12)) {
      const answers = await session.exchange({ t: 'push', id: 1, doc: id, items: [] });
      assert.deepEqual(answers.map(shape), [none], `${name} and a ${kind}`);
    }
  }
});

/** Who may have each kind at all, by role; `own` stands for the employee or coach whose document it is. */
const READERS = {
  reflection_draft: ['own'],
  reflection: ['own', 'career_adviser', 'internal_coach'],
  intake: ['career_adviser'],
  working_notes: ['internal_coach'],
  shared_notes: ['own', 'internal_coach'],
  progress: ['own', 'career_adviser', 'internal_coach'],
  coach_profile: ['own', 'career_adviser', 'employee'],
  programme: ['internal_coach', 'career_adviser', 'trainer'],
  practice: ['career_adviser', 'internal_coach', 'trainer'],
};

const WRITERS = {
  reflection_draft: ['own'],
  reflection: ['own'],
  intake: ['career_adviser'],
  working_notes: ['internal_coach'],
  shared_notes: ['own', 'internal_coach'],
  progress: ['own', 'internal_coach'],
  coach_profile: ['own'],
  programme: ['internal_coach', 'career_adviser', 'trainer'],
  practice: ['career_adviser'],
};

test('nobody is given a kind of document that the product’s table does not give her', () => {
  for (const { name, session, directory } of people) {
    for (const { kind, access, owner } of directory.documents) {
      const standing = [...session.roles, ...(owner === directory.me ? ['own'] : [])];
      const table = access === 'write' ? WRITERS : READERS;
      assert.ok(table[kind].some((who) => standing.includes(who)), `${name} has ${access} on a ${kind}`);
    }
  }
});

test('working notes have one reader, drafts their owner, and no two coaches share a trajectory', () => {
  const readers = new Map();
  for (const { name, directory } of people) {
    for (const { id, kind } of directory.documents) {
      if (kind === 'working_notes' || kind === 'reflection_draft') {
        readers.set(hex(id), [...(readers.get(hex(id)) ?? []), name]);
      }
    }
  }
  assert.ok(readers.size > 12);
  for (const names of readers.values()) assert.equal(names.length, 1, names.join());
});

test('an administrator and a trainer read nothing of anybody’s career', () => {
  for (const { name, directory } of people.filter(({ name }) => name === 'beheer' || name === 'trainer')) {
    for (const { kind, owner } of directory.documents) {
      assert.ok(['programme', 'practice'].includes(kind) || owner === directory.me, `${name} has a ${kind}`);
    }
    assert.equal(directory.trajectories.length, 0, `${name} knows trajectories`);
  }
});

test('every log of the organisation is whole for each of its readers', async () => {
  const chains = new Map();
  for (const { session, directory } of people) {
    for (const { id } of directory.documents) {
      const replica = session.replica(id);
      await session.read(replica);
      replica.audit(directory);
      const known = chains.get(hex(id)) ?? hex(replica.chain);
      assert.equal(hex(replica.chain), known, 'two readers hold two logs');
      chains.set(hex(id), known);
    }
  }
  assert.equal(chains.size, documents.size);
});
