import type { Codec } from "../../codec/codec.ts";
import { type FrameRead, frameRead } from "./frame-read.ts";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";

/**
 * A connection as frames instead of bytes: what `Connection.frames` gives. It is read by iteration or by {@link next}, or
 * by push ({@link onFrame}), by one of them at a time; and once it is read, the connection's own reads would miss what it
 * has begun to cut.
 *
 * @typeParam In - what comes.
 * @typeParam Out - what `write` takes.
 * @example
 * ```ts
 * import { lengthPrefixed } from "sockwright/codec";
 * import { connect, serve } from "sockwright/server";
 *
 * const codec = lengthPrefixed({ lengthBytes: 2 });
 * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
 *   const frames = connection.frames(codec);
 *   for await (const frame of frames) {
 *     frames.write(frame.reverse());
 *     await connection.drained();
 *   }
 * });
 * const client = await connect(server.urls[0] ?? "");
 * const frames = client.frames(codec);
 * frames.write(Buffer.from("abc"));
 * const { value } = await frames.next();
 * console.log(String(value)); // => cba
 * await client.close();
 * await server.close();
 * ```
 */
export class Frames<In, Out = In> implements AsyncIterableIterator<In, undefined> {
  readonly #input: Input;
  readonly #output: Output;
  readonly #codec: Codec<In, Out>;
  readonly #decoder;
  readonly #read: FrameRead<In>;

  /** @internal */
  constructor(input: Input, output: Output, codec: Codec<In, Out>) {
    this.#input = input;
    this.#output = output;
    this.#codec = codec;
    this.#decoder = codec.decoder();
    this.#read = frameRead(this.#decoder);
  }

  /**
   * The next frame; done when the peer has ended. See {@link Frames}.
   *
   * @throws FrameError when what came is no frame: the connection lives on, so that an answer can say why, and every
   * further call rejects with the same · the error of the system call that lost the connection · ConnectionError
   * `ERR_SOCKWRIGHT_READING`.
   */
  next(): Promise<IteratorResult<In, undefined>> {
    return this.#input.read(this.#read);
  }

  /** Ends the loop and nothing else: the frames behind it can still be read. See {@link Frames}. */
  return(): Promise<IteratorResult<In, undefined>> {
    return Promise.resolve({ value: undefined, done: true });
  }

  /**
   * Has `take` called with each frame, at once and without a promise for it. Settles when the peer has ended, rejects when
   * the connection is lost. What is no frame, and what `take` throws, aborts the connection.
   *
   * @example
   * ```ts
   * import { lines } from "sockwright/codec";
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", (connection) => {
   *   const frames = connection.frames(lines());
   *   return frames.onFrame((line) => {
   *     frames.write(line.toUpperCase());
   *   });
   * });
   * const client = await connect(server.urls[0] ?? "");
   * client.write("one\ntwo\n");
   * console.log(JSON.stringify(String(await client.readUntil("TWO\n")))); // => "ONE\nTWO\n"
   * await client.close();
   * await server.close();
   * ```
   */
  async onFrame(take: (frame: In) => void): Promise<void> {
    await this.#input.onBytes((bytes) => {
      this.#decoder.push(bytes);
      this.#give(take);
    });
    this.#decoder.end();
    this.#give(take);
  }

  /**
   * Sends a frame, as `Connection.write` sends bytes: false when 64 KiB or more wait. See {@link Frames}.
   *
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`, `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` · ConnectionError
   * `ERR_SOCKWRIGHT_ENDED` · TypeError.
   */
  write(frame: Out): boolean {
    return this.#output.writeFrame(this.#codec, frame);
  }

  /** A loop over the frames goes on where the last one was left. See {@link Frames}. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  #give(take: (frame: In) => void): void {
    for (let frame = this.#decoder.next(); frame !== undefined; frame = this.#decoder.next()) take(frame);
  }
}
