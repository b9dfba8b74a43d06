/** RFC 854. */
const IAC = 255;
const DONT = 254;
const DO = 253;
const WONT = 252;
const WILL = 251;
const SB = 250;
const SE = 240;
const LF = 10;
const CR = 13;

/** What an option is negotiated with in one piece: a terminal's name and the like. What is longer is none. */
export const MAX_SUBNEGOTIATION_BYTES = 256;

type State = "text" | "command" | "option" | "subnegotiation" | "subnegotiation-command";

/**
 * Takes the commands of telnet out of what a client sends, and refuses all options. 255 is in no UTF-8: what begins with it and is no
 * command stays, and is refused as text is.
 */
export class TelnetFilter {
  #state: State = "text";
  #verb = 0;
  #subnegotiationBytes = 0;
  #hasCommands = false;
  #refusals: number[] = [];

  /** Whether any came: then the client takes CR LF for a line end. */
  get hasCommands(): boolean {
    return this.#hasCommands;
  }

  /** The text among the bytes, which may be cut anywhere. */
  strip(bytes: Uint8Array): Uint8Array {
    if (this.#state === "text" && !bytes.includes(IAC)) return bytes;
    const text: number[] = [];
    for (const byte of bytes) this.#take(byte, text);
    return Uint8Array.from(text);
  }

  /**
   * What refuses the options that were asked for since the last call. At Ctrl-C a client asks for a timing mark, RFC 860, and shows
   * nothing until it has an answer. Refusals of the client's are not answered: two that refuse do not go on for ever.
   */
  takeRefusals(): Uint8Array {
    const refusals = Uint8Array.from(this.#refusals);
    this.#refusals = [];
    return refusals;
  }

  /** At the end, what has begun to look like a command is text. */
  end(): Uint8Array {
    const rest = this.#state === "command" ? [IAC] : this.#state === "option" ? [IAC, this.#verb] : [];
    this.#state = "text";
    return Uint8Array.from(rest);
  }

  #take(byte: number, text: number[]): void {
    switch (this.#state) {
      case "text":
        if (byte === IAC) this.#state = "command";
        else text.push(byte);
        return;
      case "command":
        this.#takeCommand(byte, text);
        return;
      case "option":
        this.#state = "text";
        // No option of today has the number of a line end: this is a line that ends.
        if (byte === LF || byte === CR) text.push(IAC, this.#verb, byte);
        else this.#takeOption(byte);
        return;
      case "subnegotiation":
        if (byte === IAC) this.#state = "subnegotiation-command";
        else if (++this.#subnegotiationBytes > MAX_SUBNEGOTIATION_BYTES) this.#state = "text";
        return;
      case "subnegotiation-command":
        this.#state = byte === SE ? "text" : "subnegotiation";
        return;
      default:
        this.#state satisfies never;
    }
  }

  #takeOption(option: number): void {
    this.#hasCommands = true;
    if (this.#verb === DO) this.#refusals.push(IAC, WONT, option);
    else if (this.#verb === WILL) this.#refusals.push(IAC, DONT, option);
  }

  #takeCommand(byte: number, text: number[]): void {
    this.#state = "text";
    if (byte >= WILL && byte <= DONT) {
      this.#state = "option";
      this.#verb = byte;
    } else if (byte === SB) {
      this.#state = "subnegotiation";
      this.#subnegotiationBytes = 0;
      this.#hasCommands = true;
    } else if (byte === IAC) {
      text.push(IAC);
    } else if (byte >= SE) {
      this.#hasCommands = true;
    } else {
      text.push(IAC, byte);
    }
  }
}
