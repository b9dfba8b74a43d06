import { type Codec, type Decoder, writesInPlace } from "../../codec/codec.ts";
import { rejectWith, tryPromise, wrongType } from "../../socket/values.ts";
import { errorOf } from "../transport/connection-error.ts";
import { bareFrameRead, type FrameRead, FrameSkip, frameRead } from "./frame-read.ts";
import type { Input } from "./input.ts";
import type { Output } from "./output.ts";
import { ActivePush, type Push, type PushOwner } from "./push.ts";
import { rejectTolerated } from "./unawaited.ts";
import { checkWait, type WaitOptions } from "./wait.ts";

/**
 * A connection as frames instead of bytes, as `Connection.frames` returns it. A program reads it by iteration, by {@link next} or
 * {@link read}, or by push ({@link onFrame}), one of them at a time. A later read in another way, of the connection itself or of frames
 * of another codec, begins after the last frame that was read: see {@link release}.
 *
 * @typeParam In - the type of the received frames.
 * @typeParam Out - the type of the frames that `write` takes.
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
   * Reads the next frame. Done when the peer has ended, or when the connection or its server is closed at this side; a frame that this
   * close cuts off is left out. See {@link Frames}.
   *
   * @throws FrameError when the received bytes are no valid frame: the connection stays open, so that the program can answer with the
   * reason, and every further call rejects with the same error until {@link skip} or {@link release} · the error of the system call
   * that lost the connection · ConnectionError `ERR_SOCKWRIGHT_READING`.
   */
  next(): Promise<IteratorResult<In, undefined>> {
    return this.#input.read(this.#read);
  }

  /**
   * Reads the next frame and returns it without an iterator result; undefined where {@link next} would be done.
   *
   * @throws as {@link next} · ConnectionError `ERR_SOCKWRIGHT_TIMEOUT` · AbortError: these two lose no frame.
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
    return tryPromise(() =>
      this.#input.read(bareFrameRead(this.#read), checkWait("frames.read()", options), this.#read),
    );
  }

  /**
   * Skips the invalid frame that made a read reject: reads up to the end of that frame and drops it, so that the next read returns the
   * frame after it. For a protocol that answers with an error and goes on. The dropped bytes are not buffered, however long the frame
   * is. A skip that times out or is aborted has dropped a part; the next read, or another skip, drops the rest.
   *
   * It works where the codec knows the end of an invalid frame: `lines`, `jsonLines`, `delimiter`, and a length that is too large, of
   * `lengthPrefixed`, `varintPrefixed`, `netstring` and `defineCodec`.
   *
   * @returns the number of bytes of the frame, with header and delimiter; 0 where no read has rejected.
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_UNSKIPPABLE` where the codec does not know the end, `ERR_SOCKWRIGHT_UNEXPECTED_END` where
   * the peer ends before it · as {@link read}.
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
    return tryPromise(() => {
      const wait = checkWait("frames.skip()", options);
      try {
        return this.#input.read(new FrameSkip(this.#decoder, this.#codec.name), wait, this.#read);
      } catch (error) {
        return rejectTolerated(error);
      }
    });
  }

  /** Called when a `for await` loop ends early. The later frames can still be read. See {@link Frames}. */
  return(): Promise<IteratorResult<In, undefined>> {
    return Promise.resolve({ value: undefined, done: true });
  }

  /**
   * Calls `take` with each frame as soon as it is complete, without a promise for each frame. The returned promise resolves when the
   * peer has ended, and rejects when the connection is lost. An invalid frame, or an error that `take` throws, aborts the connection.
   * After an abort or a close, `take` is not called any more. An async `take` is not awaited, as with `Connection.onBytes`. Its second
   * argument is the push, which `take` can pause and stop: see {@link Push}.
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
    if (typeof take !== "function")
      return rejectWith(wrongType("take", "of type function, such as (frame) => …", take));
    return this.#input.onBytes(new FramePush(this.#input, this.#decoder, take), this.#read);
  }

  /**
   * Returns the bytes after the last frame to the connection, so that the program can read them in another way: as bytes, or as frames
   * of another codec. A read in another way does this by itself; this method throws at once where it is not possible.
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
   * Sends a frame, as `Connection.write` sends bytes: returns false when 64 KiB or more wait to be sent. See {@link Frames}.
   *
   * @throws FrameError `ERR_SOCKWRIGHT_FRAME_TOO_LARGE`, `ERR_SOCKWRIGHT_FRAME_UNENCODABLE` · ConnectionError
   * `ERR_SOCKWRIGHT_ENDED` · TypeError.
   */
  write(frame: Out): boolean {
    if (this.#writesInPlace) return this.#output.writeFrame(this.#codec, frame);
    return this.#output.write(this.#codec.encode(frame));
  }

  /** Iterates over the frames. A second loop goes on where the last one ended. See {@link Frames}. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** A push of frames. */
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

  /** Passes on the frames that the decoder already has. */
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
    // The bytes were lent, and the decoder has some left: copy them for the next reader.
    this.#decoder.keep();
  }
}
