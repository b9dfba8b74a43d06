// Servers with TLS, for programs of others as clients.
import { expect } from "vitest";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { ServeOptions } from "../../../src/server/serve-options.ts";
import type { Server } from "../../../src/server/server.ts";
import type { ServiceInput } from "../../../src/server/service.ts";
import type { TlsInfo } from "../../../src/server/transport/tls-info.ts";
import type { Certificates } from "../../support/certificates.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { noteTlsFailures } from "../../support/tls-failures.ts";
import { until } from "../../support/until.ts";

/** How a listener runs TLS, and the only version that the client knows. */
export interface Variant {
  readonly name: string;
  readonly version: "1.2" | "1.3";
  readonly detectTruncation: boolean;
}

export const versions = ["1.2", "1.3"] as const;

/** Both versions on a listener that hands its descriptor over to node:net, and on one that detects truncation. */
export const variants: readonly Variant[] = versions.flatMap((version) =>
  [false, true].map((detectTruncation) => ({
    name: `TLS ${version}, ${detectTruncation ? "detectTruncation" : "handed over"}`,
    version,
    detectTruncation,
  })),
);

/** A server with TLS. */
export interface Secured {
  readonly server: Server;
  readonly port: string;
  /** Codes of the errors that the server has reported. */
  readonly errors: readonly string[];
}

/** Starts a server with the certificate for localhost, or with other options. It closes when the test ends. */
export async function securing(
  files: Certificates,
  service: ServiceInput,
  options: Omit<ServeOptions, "onError"> = {},
  scheme: "tls" | "https" = "tls",
): Promise<Secured> {
  const errors: string[] = [];
  const onError = (error: unknown): void => {
    errors.push(error instanceof Error && "code" in error ? String(error.code) : String(error));
  };
  noteTlsFailures({ push: onError });
  const server = await serving(service, { ...files.pair("localhost"), ...options, onError }, `${scheme}://127.0.0.1:0`);
  return { server, port: new URL(urlOf(server)).port, errors };
}

/** What a service has seen of one connection: its TLS, all that it has read, and why reading stopped. */
export interface Heard {
  readonly tls: TlsInfo | undefined;
  readonly text: string;
  readonly end: string;
}

/** A service that echoes until the end, says goodbye and closes; and what it has heard of each connection, in the order of their ends. */
export function echoAndGoodbye(): {
  readonly service: (connection: Connection) => Promise<void>;
  readonly heard: readonly Heard[];
} {
  const heard: Heard[] = [];
  const service = async (connection: Connection): Promise<void> => {
    const { tls } = connection;
    let text = "";
    try {
      for await (const piece of connection) {
        text += String(piece);
        connection.write(piece);
      }
      heard.push({ tls, text, end: "end" });
      connection.write("goodbye\n");
    } catch (error) {
      heard.push({ tls, text, end: error instanceof Error && "code" in error ? String(error.code) : String(error) });
    }
  };
  return { service, heard };
}

/** Waits for the first error that the server reports; returns its code. */
export async function firstError({ errors }: Secured): Promise<string | undefined> {
  await until(() => errors.length > 0, "an error of the server");
  return errors[0];
}

/** Waits until the service has heard the end of this many connections, and returns what it heard. */
export async function heardOf(heard: readonly Heard[], count = 1): Promise<readonly Heard[]> {
  await until(() => heard.length >= count, `the end of ${count} connections`);
  expect(heard).toHaveLength(count);
  return heard;
}
