// What a mail server answers to a command, RFC 5321, and what it remembers of those before.
import { MAX_MESSAGE_BYTES } from "./smtp-message.ts";

export class Envelope {
  from: string | undefined;
  to: string[] = [];

  /** The lines of the answer: 354 asks for the message, and 221 is the last. */
  answer(line: string): readonly string[] {
    const [, verb = "", rest = ""] = /^(\w+)(?: (.*))?$/.exec(line) ?? [];
    const [, mailbox] = /<(.*?)>/.exec(rest) ?? [];
    switch (verb.toUpperCase()) {
      case "EHLO":
        return ["250-at your service", "250-PIPELINING", `250 SIZE ${MAX_MESSAGE_BYTES}`];
      case "MAIL":
        [this.from, this.to] = [mailbox, []];
        return [mailbox === undefined ? "501 MAIL FROM:<somebody>" : "250 from whom"];
      case "RCPT":
        if (this.from === undefined) return ["503 MAIL comes first"];
        if (mailbox === undefined) return ["501 RCPT TO:<somebody>"];
        this.to.push(mailbox);
        return ["250 to whom"];
      case "DATA":
        return [this.to.length > 0 ? "354 go on, up to a dot" : "503 RCPT comes first"];
      case "RSET":
        [this.from, this.to] = [undefined, []];
        return ["250 forgotten"];
      case "HELO":
      case "NOOP":
        return ["250 at your service"];
      case "QUIT":
        return ["221 goodbye"];
      default:
        return ["500 what?"];
    }
  }
}
