// Another device of the same person that writes into a document without a page, and what the server's log holds.
import { Session } from '../../contract/client/session.mjs';
import { hex } from '../../contract/client/bytes.mjs';

/** So many items fit a push. */
const PUSH = 256;

export class Writer {
  /** `device` makes it that one; without it is another device of the person. */
  static async of(server, name, device) {
    return new Writer(await Session.signIn(server, name, device));
  }

  constructor(session) {
    this.session = session;
  }

  /** Reads the documents of this person, all but one, and stays with the one in which these words stand. */
  async find(words, but) {
    const { documents } = await this.session.directory();
    for (const { id } of documents.filter(({ id }) => !but?.equals(id))) {
      const replica = this.session.replica(id);
      await this.session.read(replica);
      this.path = replica.find(words);
      if (this.path) {
        this.replica = replica;
        return this;
      }
    }
    throw new Error(`no document says ${words}`);
  }

  get text() {
    return this.path.reduce((value, key) => value[key], this.replica.content);
  }

  /** Pushes items that were made before. */
  async push(items) {
    for (let from = 0; from < items.length; from += PUSH) {
      const [answer] = await this.session.exchange({ t: 'push', id: 1, doc: this.replica.doc, items: items.slice(from, from + PUSH) });
      if (answer.t !== 'ack') throw new Error(JSON.stringify(answer));
    }
  }

  /** Writes so many changes at the end of the text, each a word; gives their hashes. */
  async write(count, word = (n) => `${n} `) {
    const items = Array.from({ length: count }, (_, n) => this.replica.append(this.path, word(n)));
    await this.push(items);
    return items.map(({ hash }) => hex(hash));
  }

  /** The log as it is now: hash and author of each item, with every signature checked. */
  async log() {
    const replica = this.session.replica(this.replica.doc);
    await this.session.read(replica);
    replica.audit(await this.session.directory());
    return { replica, authors: new Map(replica.items.map(({ hash, by }) => [hex(hash), hex(by)])) };
  }
}
