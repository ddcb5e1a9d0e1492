// A real mail server on a free port, and the letters that it was given.
import { SMTPServer } from 'smtp-server';

export class Mailbox {
  static async open() {
    const mailbox = new Mailbox();
    await new Promise((resolve) => mailbox.server.listen(0, '127.0.0.1', resolve));
    mailbox.port = mailbox.server.server.address().port;
    return mailbox;
  }

  constructor() {
    this.letters = [];
    this.waiting = [];
    this.server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      onData: (stream, session, done) => {
        const chunks = [];
        stream.on('data', (chunk) => chunks.push(chunk));
        stream.on('end', () => {
          const letter = { to: session.envelope.rcptTo.map(({ address }) => address), text: Buffer.concat(chunks).toString('utf8') };
          const wanted = this.waiting.shift();
          if (wanted) wanted(letter);
          else this.letters.push(letter);
          done();
        });
      },
    });
  }

  /** What a server has to be told to send its mail here. */
  get args() {
    return ['--smtp-url', `smtp://127.0.0.1:${this.port}`, '--mail-from', 'Loopbaanmaat <loopbaan@demo.example>', '--mail-retry', '20'];
  }

  /** The next letter. */
  next() {
    const letter = this.letters.shift();
    return letter ? Promise.resolve(letter) : new Promise((resolve) => this.waiting.push(resolve));
  }

  close() {
    return new Promise((resolve) => this.server.close(resolve));
  }
}

/** The first link in a letter. */
export const linkIn = ({ text }) => /^https?:\S+$/m.exec(text.replaceAll('\r', ''))[0];
