import type { X509Certificate } from "node:crypto";
import { fingerprintOf } from "../certificate/fingerprint.ts";
import { connect } from "../server/connect.ts";
import { TlsError } from "../server/tls/tls-error.ts";
import type { TlsInfo } from "../server/transport/tls-info.ts";
import { SCHEMES } from "../server/url/schemes.ts";
import { checkConnectable, formatSocketUrl, parseSocketUrl, type SocketUrl } from "../server/url/socket-url.ts";
import { codeOf, messageOf } from "../socket/values.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { explain } from "./explain.ts";
import { jsonLine } from "./printable.ts";
import { Reporter } from "./reporter.ts";
import type { StandardStreams } from "./standard-streams.ts";
import { tlsReport } from "./tls-report.ts";

/** How long the command waits for the connection and the handshake, unless told otherwise. */
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;

/** Certificates of a chain to show: a chain of more is no usual one. */
const CHAIN_SIZE = 16;

/** The options of `tls`. */
export interface TlsCommandOptions {
  readonly connectTimeout?: number;
  readonly json?: boolean;
}

/** What the handshake with a server has shown. */
export interface ShownTls {
  readonly url: string;
  /** Undefined where the server was refused. */
  readonly info: Omit<TlsInfo, "peerCertificate" | "fingerprint"> | undefined;
  /** The server's certificate, and those of the authorities behind it, as far as they are known. */
  readonly chain: readonly X509Certificate[];
}

/** Runs `sockwright tls URL`, and resolves with the exit code. */
export async function showTls(text: string, options: TlsCommandOptions, streams: StandardStreams): Promise<number> {
  const place = { url: text, role: "target" } as const;
  let refusal: CommandError | undefined;
  let shown: ShownTls | undefined;
  try {
    shown = await handshakeWith(text, options);
  } catch (error) {
    refusal = explain(error, place);
    if (error instanceof TlsError && error.peerCertificate !== undefined) {
      shown = { url: text, info: undefined, chain: chainOf(error.peerCertificate) };
    }
  }
  if (shown !== undefined) {
    const said = options.json === true ? `${jsonLine(jsonOf(shown))}\n` : tlsReport(shown, Date.now());
    await streams.output.write(Buffer.from(said));
  }
  if (refusal === undefined) return 0;
  const { message, code, exitCode, advice } = refusal;
  const reporter = new Reporter(streams.errors, options.json === true ? "json" : "errors");
  await reporter.report({ event: "error", message, ...(advice.length === 0 ? {} : { advice }), code, exitCode });
  return exitCode;
}

async function handshakeWith(text: string, options: TlsCommandOptions): Promise<ShownTls> {
  const url = parsed(text);
  checkConnectable(url);
  const plain = formatSocketUrl(url);
  if (SCHEMES.get(url.scheme)?.handshake !== "tls")
    throw new CommandError(`${plain} has no TLS: write ${plain.replace(url.scheme, "tls")}`, exitCodes.usage);
  const { connectTimeout: timeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options;
  const connection = await connect(text, { timeoutMs }).catch((error: unknown) => {
    if (codeOf(error) !== "ERR_SOCKWRIGHT_TIMEOUT") throw error;
    throw new CommandError(
      `${plain}: no handshake within ${timeoutMs} ms (--connect-timeout)`,
      exitCodes.timeout,
      error,
    );
  });
  const { tls } = connection;
  const chain = tls?.peerCertificate === undefined ? [] : chainOf(tls.peerCertificate);
  void connection.close({ lingerMs: 0 });
  return { url: text, info: tls, chain };
}

/** The advice for a URL without a scheme is for TLS here. */
function parsed(text: string): SocketUrl {
  try {
    return parseSocketUrl(text);
  } catch (error) {
    const [, rest] = /has no scheme: write tcp:(.+)$/s.exec(messageOf(error)) ?? [];
    if (rest === undefined) throw error;
    const advice = `has no scheme: write tls:${rest.replace(/:PORT$/, ":443")}`;
    throw new CommandError(`${JSON.stringify(text)} ${advice}`, exitCodes.usage, error);
  }
}

function chainOf(certificate: X509Certificate): X509Certificate[] {
  const chain = [certificate];
  for (let issuer = certificate.issuerCertificate; issuer !== undefined; issuer = issuer.issuerCertificate) {
    const { fingerprint256 } = issuer;
    // A root is its own issuer.
    if (chain.length >= CHAIN_SIZE || chain.some((each) => each.fingerprint256 === fingerprint256)) break;
    chain.push(issuer);
  }
  return chain;
}

function jsonOf({ url, info, chain }: ShownTls): object {
  return {
    url,
    accepted: info !== undefined,
    version: info?.version,
    cipher: info?.cipher,
    serverName: info?.serverName,
    alpn: info?.alpn,
    chain: chain.map((each) => ({
      subject: each.subject,
      issuer: each.issuer,
      names: each.subjectAltName,
      validFrom: new Date(each.validFrom).toISOString(),
      validTo: new Date(each.validTo).toISOString(),
      fingerprint: fingerprintOf(each),
    })),
  };
}
