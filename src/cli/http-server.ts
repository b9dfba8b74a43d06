import type { HttpService } from "../http/service/http-service.ts";
import { type Server, serve } from "../server/server.ts";
import { peerName } from "../server/transport/peer-name.ts";
import { SocketUrlError } from "../server/url/socket-url.ts";
import { OwnCertificate } from "../supervisor/own-certificate.ts";
import { reloadCertificates, reloadsAtHangUp } from "./certificate-reload.ts";
import { isClientDisconnect } from "./client-disconnect.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import type { EventLog } from "./event-log.ts";
import { explain } from "./explain.ts";
import { checkCertificate } from "./listener-certificate.ts";
import { failure, type ServerEvent } from "./server-event.ts";
import { LAST_WORDS_MS, within } from "./time-limit.ts";
import { untilSignal } from "./until-signal.ts";

/** How a command runs an HTTP service. */
export interface HttpServerRun {
  readonly log: EventLog;
  readonly report: (event: ServerEvent) => void;
  /** How long answers may continue once the server is stopped, in ms. */
  readonly grace: number;
  /** Explains an error with which the service cannot start; undefined for one that it does not know. */
  readonly explainFailure: (error: unknown) => unknown;
}

/** Runs an HTTP service until a signal stops it, and resolves with the exit code. */
export async function runHttpServer(
  listen: readonly string[],
  service: () => HttpService,
  run: HttpServerRun,
): Promise<number> {
  const { log, report, grace } = run;
  let starting: Promise<Server> | undefined;
  const reload = (): void => void reloadCertificates(async () => (await starting)?.reload(), report);
  const { first, second, stop } = untilSignal(reloadsAtHangUp(listen) ? reload : undefined);
  try {
    starting = started(listen, service, run);
    const server = await starting;
    for (const url of server.urls) report({ event: "listening", url });
    await first;
    await Promise.race([server.close({ graceMs: grace }), second]);
    await within(LAST_WORDS_MS, log.printed());
    return 0;
  } finally {
    stop();
  }
}

async function started(
  listen: readonly string[],
  service: () => HttpService,
  { report, explainFailure }: HttpServerRun,
): Promise<Server> {
  const onError = (error: unknown, peer: Parameters<typeof peerName>[0] | undefined): void => {
    if (peer === undefined) report(failure(error, ""));
    // The log of requests has it.
    else if (!isClientDisconnect(error)) report(failure(error, peerName(peer)));
  };
  for (const url of listen) checkListener(url);
  const own = new OwnCertificate(report);
  try {
    const listeners = listen.map((url) => own.addTo({ url }));
    return await serve(listeners, service(), { onError });
  } catch (error) {
    throw explainFailure(error) ?? explain(error, { url: listen.join(" "), role: "listener" });
  }
}

/** What `serve` would say in words of services, or of TCP, before anything is opened. */
function checkListener(url: string): void {
  const [, place] = /^tls(?=:|\+unix:)(.*)$/is.exec(url) ?? [];
  if (place !== undefined) throw usage(`--listen ${JSON.stringify(url)} is not for HTTP: write https${place}`);
  if (/^(?:udp|unix-dgram|unix-seqpacket):/.test(url)) {
    throw usage(
      `--listen ${JSON.stringify(url)} is not a stream socket, which HTTP needs: write http://HOST:PORT or http+unix:PATH`,
    );
  }
  try {
    checkCertificate(url);
  } catch (error) {
    if (!(error instanceof SocketUrlError)) throw error;
    const said = error.message.replace(/(?<=has no scheme: write )(?:tcp(?=:)|(?=unix:))/, (tcp) =>
      tcp === "" ? "http+" : "http",
    );
    throw new CommandError(said, exitCodes.usage, error);
  }
}

function usage(message: string): CommandError {
  return new CommandError(message, exitCodes.usage);
}
