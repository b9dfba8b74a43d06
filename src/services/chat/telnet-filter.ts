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

/** Limits the bytes of a subnegotiation, such as a terminal's name; the filter treats the rest of a longer one as text. */
export const MAX_SUBNEGOTIATION_BYTES = 256;

type State = "text" | "command" | "option" | "subnegotiation" | "subnegotiation-command";

/**
 * Removes telnet commands from the bytes of a client, and refuses all options. Byte 255 does not occur in UTF-8: bytes that begin with it
 * and are no command stay in the text, which is then refused as invalid UTF-8.
 */
export class TelnetFilter {
  #state: State = "text";
  #verb = 0;
  #subnegotiationBytes = 0;
  #hasCommands = false;
  #refusals: number[] = [];

  /** Whether the client has sent a command: then its line end is CR LF. */
  get hasCommands(): boolean {
    return this.#hasCommands;
  }

  /** Returns the text among the bytes. A command may be split between two calls. */
  strip(bytes: Uint8Array): Uint8Array {
    if (this.#state === "text" && !bytes.includes(IAC)) return bytes;
    const text: number[] = [];
    for (const byte of bytes) this.#take(byte, text);
    return Uint8Array.from(text);
  }

  /**
   * Returns the refusals of the options requested since the last call. At Ctrl-C a client requests a timing mark, RFC 860, and shows
   * nothing until it gets an answer. The filter does not answer refusals of the client, which could loop for ever.
   */
  takeRefusals(): Uint8Array {
    const refusals = Uint8Array.from(this.#refusals);
    this.#refusals = [];
    return refusals;
  }

  /** Returns an incomplete command at the end of the input as text. */
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
        // No option has the number of a line end, so this ends a line.
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
