// Services of files in temporary folders, and raw requests to them.
import { onTestFinished } from "vitest";
import type { Connection } from "../../src/server/connection/connection.ts";
import type { Server } from "../../src/server/server.ts";
import { type FilesOptions, files } from "../../src/services/files/files.ts";
import { connected } from "./connected.ts";
import { temporaryFolder } from "./folders.ts";
import { type Answer, httpAnswerOf } from "./http-talk.ts";
import { serving } from "./serving.ts";

export interface ServedFiles {
  readonly server: Server;
  readonly folder: string;
  /** What onError and the server have reported. */
  readonly errors: unknown[];
}

/** All rights, for tests that are not about rights. */
export const ALL_RIGHTS = ["list", "read", "create", "overwrite", "delete"] as const;

/** A service in a new folder, or in the given one. It stops when the test ends. */
export async function servedFiles(options: FilesOptions = {}, folder = temporaryFolder()): Promise<ServedFiles> {
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const server = await serving(files(folder, { onError, ...options }), { onError });
  return { server, folder, errors };
}

export interface AskedRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The text of the head of a request. */
function requestHeadOf({ method = "GET", path, headers = {}, body }: AskedRequest): string {
  const lines = Object.entries({ Host: "localhost", ...headers }).map(([name, value]) => `${name}: ${value}`);
  const needsLength = body !== undefined && headers["Content-Length"] === undefined;
  if (needsLength) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** Sends a request over a new connection, and returns its answer. */
export async function askFiles(server: Server, request: AskedRequest): Promise<Answer> {
  const answers = await askFilesAll(server, request);
  const last = answers.at(-1);
  if (last === undefined) throw new Error("there is no answer");
  return last;
}

/** Returns the interim responses, too. */
export async function askFilesAll(server: Server, request: AskedRequest): Promise<readonly Answer[]> {
  const client = await connected(server);
  client.write(requestHeadOf(request));
  if (request.body !== undefined) client.write(request.body);
  const answers = await answersOf(client, request.method);
  await client.close();
  return answers;
}

/** The interim responses and the answer that follow on a connection. */
export async function answersOf(client: Connection, method?: string): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  do answers.push(await httpAnswerOf(client, method));
  while ((answers.at(-1)?.status ?? 0) < 200);
  return answers;
}

/** A connection on which a request has begunRequest, whose body the test sends. */
export async function begunRequest(server: Server, request: AskedRequest): Promise<Connection> {
  const client = await connected(server);
  onTestFinished(() => void client.abort());
  client.write(requestHeadOf(request));
  return client;
}

/** The path of the upload that an answer names. */
export function locationOf({ headers }: Answer): string {
  const { location } = headers;
  if (location === undefined) throw new Error("the answer has no Location");
  return location;
}

/** The type, status and detail of a problem. */
export function filesProblemOf(answer: Answer): Readonly<Record<string, unknown>> {
  if (answer.headers["content-type"] !== "application/problem+json") throw new Error(`not a problem: ${answer.body}`);
  return JSON.parse(answer.body) as Record<string, unknown>;
}
