import { type Codec, type Decoder, writesInPlace } from "../../codec/codec.ts";
import { promised, rejected, wrongType } from "../../socket/values.ts";
import { errorOf } from "../transport/connection-error.ts";
import { bareFrameRead, type FrameRead, FrameSkip, frameRead } from "./frame-read.ts";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";
import { ActivePush, type Push, type PushOwner } from "./push.ts";
import { lostWith } from "./unawaited.ts";
import { checkWait, type WaitOptions } from "./wait.ts";

/**
 * A connection as frames instead of bytes: what `Connection.frames` gives. It is read by iteration or by {@link next}, or
 * by push ({@link onFrame}), by one of them at a time. Whoever reads next in another way, the connection itself or frames of
 * another codec, begins behind the last frame that was given: see {@link release}.
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
  readonly #writesInPlace: boolean;
  readonly #decoder;
  readonly #read: FrameRead<In>;

  /** @internal */
  constructor(input: Input, output: Output, codec: Codec<In, Out>) {
    this.#input = input;
    this.#output = output;
    this.#codec = codec;
    this.#writesInPlace = writesInPlace(codec);
    this.#decoder = codec.decoder();
    this.#read = frameRead(this.#decoder);
  }

  /**
   * The next frame; done when the peer has ended, or when a close at this side, of the connection or of its server, lets
   * nothing more be read: a frame that is cut by that is left out. See {@link Frames}.
   *
   * @throws FrameError when what came is no frame: the connection lives on, so that an answer can say why, and every
   * further call rejects with the same, until {@link skip} or {@link release} · the error of the system call that lost the connection · ConnectionError
   * `ERR_SOCKWRIGHT_READING`.
   */
  next(): Promise<IteratorResult<In, undefined>> {
    return this.#input.read(this.#read);
  }

  /**
   * The next frame as it is; undefined where {@link next} would be done.
   *
   * @throws as {@link next} · ConnectionError `ERR_SOCKWRIGHT_TIMEOUT` · AbortError: no frame is lost by these two.
   * @example
   * ```ts
   * import { lines } from "sockwright/codec";
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   const frames = connection.frames(lines());
   *   const user = await frames.read({ timeoutMs: 10_000 });
   *   const password = await frames.read({ timeoutMs: 10_000 });
   *   frames.write(password === "secret" ? `welcome, ${user}` : "no");
   * });
   * const client = await connect(server.urls[0] ?? "");
   * client.write("Ada\nsecret\n");
   * console.log(await client.frames(lines()).read()); // => welcome, Ada
   * await client.close();
   * await server.close();
   * ```
   */
  read(options?: WaitOptions): Promise<In | undefined> {
    if (options === undefined) return this.#input.read(bareFrameRead(this.#read), undefined, this.#read);
    return promised(() => this.#input.read(bareFrameRead(this.#read), checkWait("frames.read()", options), this.#read));
  }

  /**
   * Leaves out the frame that a read was refused for: reads up to its end and drops it, so that the next read gives the frame
   * behind it. For a protocol that answers an error and goes on. What is dropped is not kept, however long the frame is. A
   * wait that ends before has dropped a part; the next read, or another skip, drops the rest.
   *
   * It works where the codec knows the frame's end although the frame is wrong: `lines`, `jsonLines`, `delimiter`, and a
   * length that is too large, of `lengthPrefixed`, `varintPrefixed`, `netstring` and `defineCodec`.
   *
   * @returns how many bytes the frame had, with header and delimiter; 0 where no read was refused.
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE` where the end is not known, `ERR_SOCKWRIGHT_UNEXPECTED_END` where the
   * peer ends before it · as {@link read}.
   * @example
   * ```ts
   * import { FrameError, lines } from "sockwright/codec";
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   const frames = connection.frames(lines({ maxFrameBytes: 40 }));
   *   for (;;) {
   *     try {
   *       const line = await frames.read();
   *       if (line === undefined) return;
   *       frames.write(`250 ${line}`);
   *     } catch (error) {
   *       if (!(error instanceof FrameError)) throw error;
   *       const bytes = await frames.skip({ timeoutMs: 10_000 });
   *       frames.write(`500 ${bytes} bytes are too many`);
   *     }
   *     await connection.drained();
   *   }
   * });
   * const client = await connect(server.urls[0] ?? "");
   * const answers = client.frames(lines());
   * client.write(`one\n${"x".repeat(99)}\ntwo\n`);
   * console.log(await answers.read()); // => 250 one
   * console.log(await answers.read()); // => 500 100 bytes are too many
   * console.log(await answers.read()); // => 250 two
   * await client.close();
   * await server.close();
   * ```
   */
  skip(options?: WaitOptions): Promise<number> {
    return promised(() => {
      const wait = checkWait("frames.skip()", options);
      try {
        return this.#input.read(new FrameSkip(this.#decoder, this.#codec.name), wait, this.#read);
      } catch (error) {
        return lostWith(error);
      }
    });
  }

  /** Ends the loop and nothing else: the frames behind it can still be read. See {@link Frames}. */
  return(): Promise<IteratorResult<In, undefined>> {
    return Promise.resolve({ value: undefined, done: true });
  }

  /**
   * Has `take` called with each frame, at once and without a promise for it. Settles when the peer has ended, rejects when
   * the connection is lost. What is no frame, and what `take` throws, aborts the connection; after an abort or a close no
   * frame is given. An async function is not awaited, as with `Connection.onBytes`. `take` can pause and stop it: see
   * {@link Push}.
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
  onFrame(take: (frame: In, push: Push) => void): Promise<void> {
    if (typeof take !== "function") return rejected(wrongType("take", "of type function, such as (frame) => …", take));
    return this.#input.onBytes(new FramePush(this.#input, this.#decoder, take), this.#read);
  }

  /**
   * Gives what came and is in no frame yet back to the connection, which then reads on from there in another way: as bytes, or
   * as frames of another codec. A read in another way does it by itself; what this says besides is whether it can be done.
   *
   * @throws ConnectionError `ERR_SOCKWRIGHT_READING` · FrameError `ERR_SOCKWRIGHT_FRAME_UNFINISHED`: see `layered`.
   * @example
   * ```ts
   * import { lines } from "sockwright/codec";
   * import { connect, serve } from "sockwright/server";
   *
   * const server = await serve("tcp://127.0.0.1:0", async (connection) => {
   *   const frames = connection.frames(lines());
   *   const { value } = await frames.next();
   *   frames.release();
   *   const body = await connection.readExactly(Number(value));
   *   connection.write(`${body}!`);
   * });
   * const client = await connect(server.urls[0] ?? "");
   * client.write("5\nhello");
   * console.log(String(await client.readExactly(6))); // => hello!
   * await client.close();
   * await server.close();
   * ```
   */
  release(): void {
    this.#input.release(this.#read);
  }

  /**
   * Sends a frame, as `Connection.write` sends bytes: false when 64 KiB or more wait. See {@link Frames}.
   *
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`, `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` · ConnectionError
   * `ERR_SOCKWRIGHT_ENDED` · TypeError.
   */
  write(frame: Out): boolean {
    if (this.#writesInPlace) return this.#output.writeFrame(this.#codec, frame);
    return this.#output.write(this.#codec.encode(frame));
  }

  /** A loop over the frames goes on where the last one was left. See {@link Frames}. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Who has frames pushed. */
class FramePush<T> extends ActivePush {
  readonly #decoder: Decoder<T>;
  readonly #takeFrame: (frame: T, push: Push) => unknown;

  readonly #decode = (bytes: Uint8Array): void => {
    this.#decoder.push(bytes);
    this.#drain();
  };

  constructor(owner: PushOwner, decoder: Decoder<T>, take: (frame: T, push: Push) => unknown) {
    super(owner);
    this.#decoder = decoder;
    this.#takeFrame = take;
  }

  override get holdsBytes(): boolean {
    return this.#decoder.bufferedBytes > 0;
  }

  /** Frames that came with the last one that was read, or given. */
  override begin(): void {
    this.hand(() => this.#drain(), undefined);
  }

  override give(bytes: Uint8Array): void {
    this.hand(this.#decode, bytes);
  }

  override last(): Error | undefined {
    try {
      this.#decoder.end();
      this.#drain();
    } catch (error) {
      return errorOf(error);
    }
    return undefined;
  }

  #drain(): void {
    while (this.isActive && !this.isPaused) {
      const frame = this.#decoder.next();
      if (frame === undefined) return;
      this.hand(this.#takeFrame, frame);
    }
    // Nobody is given more of it now; what was lent is copied for whoever reads on, where that can be.
    this.#decoder.keep();
  }
}
