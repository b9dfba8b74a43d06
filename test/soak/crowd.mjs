// @ts-check
// Clients in the process of a soak program, over node:net: each sends text and expects its echo.
import { once } from "node:events";
import { connect } from "node:net";

/** A client that sends text and waits for the echo. */
export class Visitor {
  #socket;
  #unheard = "";
  /** @type {((isEcho: boolean) => void) | undefined} */
  #answer;
  /** The connection has ended in any way. */
  isLost = false;

  /**
   * @param {number} port
   * @param {string} [hello] what it sends first, and is not echoed
   */
  constructor(port, hello = "") {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true })
      .on("error", () => {})
      .on("data", (data) => this.#hear(String(data)))
      .once("close", () => {
        this.isLost = true;
        this.#answer?.(false);
      });
    if (hello !== "") this.#socket.write(hello);
  }

  /**
   * Sends the text; true when the echo has arrived, false when the connection was lost first.
   * @param {string} text
   * @returns {Promise<boolean>}
   */
  echo(text) {
    if (this.isLost) return Promise.resolve(false);
    this.#unheard = text;
    this.#socket.write(text);
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  /** Closes the connection, and settles when it is closed. */
  async leave() {
    this.#socket.destroy();
    if (!this.isLost) await once(this.#socket, "close");
  }

  reset() {
    this.#socket.resetAndDestroy();
  }

  /** @param {string} text */
  #hear(text) {
    if (!this.#unheard.startsWith(text)) throw new Error(`${text} is no echo of ${this.#unheard}`);
    this.#unheard = this.#unheard.slice(text.length);
    if (this.#unheard === "") this.#answer?.(true);
  }
}

/** @param {number} ms */
export function delay(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
