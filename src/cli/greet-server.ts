import { type Server, serve } from "../server/server.ts";
import { peerName } from "../server/transport/peer-name.ts";
import { SCHEMES } from "../server/url/schemes.ts";
import { parseSocketUrl } from "../server/url/socket-url.ts";
import { type GreetOptions, greet } from "../services/greet/greet.ts";
import { codeOf, SocketError } from "../socket/values.ts";
import { reloadCertificates, reloadsAtHangUp } from "./certificate-reload.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { EventLog } from "./event-log.ts";
import { explain } from "./explain.ts";
import { checkCertificate } from "./listener-certificate.ts";
import { jsonLine } from "./printable.ts";
import { failure, GreetEvents, inWords, type ServerEvent } from "./server-event.ts";
import type { StandardStreams } from "./standard-streams.ts";
import { LAST_WORDS_MS, within } from "./time-limit.ts";
import { untilSignal } from "./until-signal.ts";

/** The options of `greet`. */
export interface GreetCommandOptions {
  readonly listen?: readonly string[];
  readonly greeting: string;
  readonly reply?: string;
  readonly farewell: string;
  readonly readSize: number;
  readonly frame: "read" | "lines";
  readonly closeAfterFirst?: boolean;
  readonly delay?: number;
  readonly grace: number;
  readonly json?: boolean;
}

/** Runs `sockwright greet` until it is stopped. */
export async function runGreetServer(options: GreetCommandOptions, streams: StandardStreams): Promise<void> {
  const log = new EventLog(streams.output);
  const report = (event: ServerEvent): void => log.print(options.json === true ? jsonLine(event) : inWords(event));
  let starting: Promise<Server> | undefined;
  const reload = (): void => void reloadCertificates(async () => (await starting)?.reload(), report);
  const { first, second, stop } = untilSignal(reloadsAtHangUp(options.listen) ? reload : undefined);
  try {
    starting = started(options, report);
    const server = await starting;
    for (const url of server.urls) report({ event: "listening", url });
    await first;
    await Promise.race([server.close({ graceMs: options.grace }), second]);
    await within(LAST_WORDS_MS, log.printed());
  } finally {
    stop();
  }
}

async function started(options: GreetCommandOptions, report: (event: ServerEvent) => void): Promise<Server> {
  const { greeting, reply, farewell, readSize: readBytes, frame, closeAfterFirst, delay: delayMs } = options;
  const events = new GreetEvents();
  const onEvent: GreetOptions["onEvent"] = (event) => report(events.eventOf(event));
  const service = greet({ greeting, reply, farewell, readBytes, frame, closeAfterFirst, delayMs, onEvent });
  const urls = options.listen ?? [];
  for (const url of urls) checkListener(url);
  try {
    return await serve(urls, service, {
      onError: (error, peer) => report(failure(inOptions(error, readBytes), peer === undefined ? "" : peerName(peer))),
    });
  } catch (error) {
    throw explain(error, { url: whichOf(urls, error), role: "listener" });
  }
}

/** Refuses an HTTP URL in the words of the command: the library would describe the service object. */
function checkListener(text: string): void {
  const { scheme } = parseSocketUrl(text);
  const { base, protocol, handshake } = SCHEMES.get(scheme) ?? {};
  if (protocol === undefined) {
    checkCertificate(text);
    return;
  }
  const plain = text.replace(/^[^:]*/, handshake === undefined ? String(base) : scheme.replace("https", "tls"));
  const reason = `greet does not speak ${protocol.toUpperCase()}: write ${plain}`;
  throw new CommandError(`--listen ${JSON.stringify(text)}: ${reason}`, exitCodes.usage);
}

/** Rewrites an error of the service with the option names of the command. */
function inOptions(error: unknown, readSize: number): unknown {
  if (codeOf(error) !== "ERR_SOCKWRIGHT_TOO_LONG") return error;
  return Object.assign(new Error(`a line is longer than ${readSize} bytes (--read-size)`), { code: codeOf(error) });
}

/** Returns the URL of the listener that failed, by the address in the error; all URLs if the error has none. */
function whichOf(urls: readonly string[], error: unknown): string {
  if (!(error instanceof SocketError)) return urls.join(" ");
  const name = error.port === undefined ? error.address : `:${error.port}`;
  const named = name === undefined ? [] : urls.filter((url) => url.endsWith(name));
  return named.length === 1 ? named.join() : urls.join(" ");
}
