// makefile() and sendfile() with Python's socket module at the other end.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type MakefileOptions, SHUT_WR, type Socket, type SocketFile } from "../../src/index.ts";
import type { Child } from "../support/child.ts";
import { connect, described, listen } from "./echo.ts";
import { startPython } from "./python.ts";
import { streams } from "./transports.ts";

const TEXTS = ["one\ntwo\r\nthr", "ee\rfour\r", "\nfünf 世界 😀\n\n\r\r", "the end, and no line"];
const NEWLINES = [null, "", "\n", "\r", "\r\n"] as const;

interface FileTask {
  readonly mode: "r" | "w" | "rb" | "wb";
  readonly options: MakefileOptions;
}

/** A Python program that executes commands over connections to the test. */
class Python {
  readonly #child: Child;
  readonly #listener: ReturnType<typeof listen>;

  private constructor(child: Child, listener: ReturnType<typeof listen>) {
    this.#child = child;
    this.#listener = listener;
  }

  static async start(context: Parameters<typeof startPython>[0]): Promise<Python> {
    const listener = listen(streams.tcp4);
    return new Python(await startPython(context, "file_object", streams.tcp4, listener.getsockname()), listener);
  }

  tell(task: object): void {
    this.#child.stdin.write(`${JSON.stringify(task)}\n`);
  }

  async connection(): Promise<Socket> {
    const [peer] = await this.#listener.accept();
    onTestFinished(() => peer.close());
    return peer as Socket;
  }

  async answer(): Promise<string[]> {
    const [line] = await this.#child.line(/^\[.*\]$/);
    return JSON.parse(line);
  }

  /** What Python reads when Python writes. */
  reference(writing: FileTask, reading: FileTask, texts: readonly string[]): Promise<string[]> {
    this.tell({ do: "pair", writing, reading, texts });
    return this.answer();
  }

  /** What Sockwright reads when Python writes. */
  async toUs(writing: FileTask, reading: FileTask, texts: readonly string[]): Promise<string[]> {
    this.tell({ do: "write", ...writing, texts });
    await using file = fileOf(await this.connection(), reading);
    return (await file.readlines()).map(portable);
  }

  /** What Python reads when Sockwright writes. */
  async fromUs(writing: FileTask, reading: FileTask, texts: readonly string[]): Promise<string[]> {
    this.tell({ do: "read", ...reading });
    const file = fileOf(await this.connection(), writing);
    await file.writelines(texts.map((text) => (writing.mode === "wb" ? Buffer.from(text, "latin1") : text)) as never);
    await file.close();
    return this.answer();
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    expect(await this.#child.exit()).toEqual({ code: 0, signal: null });
  }
}

/** Only the file keeps the socket open. */
function fileOf(socket: Socket, { mode, options }: FileTask): SocketFile {
  const file: SocketFile = socket.makefile(mode as string, options);
  socket.close();
  return file;
}

function portable(piece: string | Buffer): string {
  return typeof piece === "string" ? piece : piece.toString("latin1");
}

async function expectTheSame(python: Python, writing: FileTask, reading: FileTask, texts: readonly string[]) {
  const expected = await python.reference(writing, reading, texts);
  expect(expected).not.toEqual([]);
  expect(await python.toUs(writing, reading, texts)).toEqual(expected);
  expect(await python.fromUs(writing, reading, texts)).toEqual(expected);
}

describe("makefile() against Python's makefile(), in both directions", () => {
  test.for(NEWLINES.map((newline) => [JSON.stringify(newline), newline] as const))(
    "text that is written with newline = %s, and read with each",
    async ([, newline], context) => {
      const python = await Python.start(context);
      const writing: FileTask = { mode: "w", options: { newline, encoding: "utf-8" } };
      for (const each of NEWLINES) {
        await expectTheSame(python, writing, { mode: "r", options: { newline: each, encoding: "utf-8" } }, TEXTS);
      }
      await python.end();
    },
  );

  test.for(["utf-16-le", "latin-1"])("text in %s", async (encoding, context) => {
    const python = await Python.start(context);
    const texts = ["Grüße\n", "über\r\nalles\n"];
    await expectTheSame(python, { mode: "w", options: { encoding } }, { mode: "r", options: { encoding } }, texts);
    await python.end();
  });

  test.for([0, -1, 1000])("bytes, buffering = %i", async (buffering, context) => {
    const python = await Python.start(context);
    const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
    const texts = Array.from({ length: 40 }, () => all);
    await expectTheSame(python, { mode: "wb", options: { buffering } }, { mode: "rb", options: { buffering } }, texts);
    await python.end();
  });

  test("buffering = 1: Python and Sockwright send a complete line without a flush", async (context) => {
    const python = await Python.start(context);
    python.tell({ do: "ask", texts: ["one\n", "two, then\nthree\n"], options: { buffering: 1, encoding: "utf-8" } });
    const peer = await python.connection();
    await using file = peer.makefile("rw", { buffering: 1 });
    for (const expected of ["one\n", "two, then\n"]) {
      expect(await file.readline()).toBe(expected);
      await file.write("answer to ");
      await file.write(expected);
      expect(await python.answer()).toEqual([`answer to ${expected}`]);
    }
    expect(await file.read()).toBe("three\n");
    await python.end();
  });
});

const FILE_BYTES = 8 * 1024 * 1024 + 7;

function fileOfBytes(data: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), "sockwright-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "file"), data);
  return join(folder, "file");
}

const PARTS = [
  { name: "a whole file", offset: 0, count: undefined },
  { name: "from an offset", offset: 5_000_001, count: undefined },
  { name: "a part", offset: 77, count: 1_234_567 },
] as const;

describe.for(Object.values(streams))("sendfile() over $name", (transport) => {
  test.for(PARTS)("from Python to Sockwright: $name", async ({ offset, count }, context) => {
    const data = randomBytes(FILE_BYTES);
    const expected = data.subarray(offset, count === undefined ? undefined : offset + count);
    const listener = listen(transport);
    const rest = [fileOfBytes(data), offset, ...(count === undefined ? [] : [count])];
    const python = await startPython(context, "send_file", transport, listener.getsockname(), ...rest);
    const [peer] = await listener.accept();
    onTestFinished(() => peer.close());
    const chunks: Buffer[] = [];
    for await (const chunk of peer as Socket) chunks.push(chunk);
    expect(described(Buffer.concat(chunks))).toBe(described(expected));
    await python.line(new RegExp(`^${expected.length}$`));
    expect(await python.exit()).toEqual({ code: 0, signal: null });
  });

  test.for(PARTS)("from Sockwright to Python: $name", async ({ offset, count }, context) => {
    const data = randomBytes(FILE_BYTES);
    const expected = data.subarray(offset, count === undefined ? undefined : offset + count);
    const server = await startPython(context, "echo_server", transport, transport.freeAddress());
    const [address] = await server.line(/^{.*}$/);
    const client = (await connect(transport, JSON.parse(address))) as Socket;
    await using file = await open(fileOfBytes(data));
    const sending = client.sendfile(file, offset, count).finally(() => client.shutdown(SHUT_WR));
    const chunks: Buffer[] = [];
    for await (const chunk of client) chunks.push(chunk);
    expect(await sending).toBe(expected.length);
    expect(described(Buffer.concat(chunks))).toBe(described(expected));
    await server.line(new RegExp(`^${described(expected)}$`));
    expect(await server.exit()).toEqual({ code: 0, signal: null });
  });
});
