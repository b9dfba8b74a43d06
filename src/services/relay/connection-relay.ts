import { connect } from "../../server/connect.ts";
import type { Connection } from "../../server/connection/connection.ts";
import type { ProxySend } from "../../server/proxy-send.ts";
import { type AddressUrl, formatSocketUrl } from "../../server/url/socket-url.ts";
import { carriageOf } from "./carriage.ts";
import { JoinedConnections } from "./joined-connections.ts";
import type { RelayEvent } from "./relay-event.ts";
import type { RelayPlan } from "./relay-options.ts";
import type { RelayService } from "./relay-service.ts";
import { type RelayStats, relayCounters } from "./relay-stats.ts";

/** When the server closes, relayed connections continue: the end of input would tell the target that the client has sent everything. */
const CONTINUE = { stop: (): void => undefined };

/** A relay of connections, of streams and of records. */
export class ConnectionRelay implements RelayService {
  readonly name = "relay";
  readonly #plan: RelayPlan;
  readonly #counters = relayCounters();
  /** The open connections to the target. */
  readonly #targets = new Set<Connection>();

  constructor(plan: RelayPlan) {
    this.#plan = plan;
  }

  stats(): RelayStats {
    return { ...this.#counters };
  }

  /** Resets the targets that are left at the end of the grace: the exit of the process alone would look like an orderly end. */
  stop(): void {
    for (const target of this.#targets) target.abort();
  }

  async stream(client: Connection): Promise<void> {
    client.stopper = CONTINUE;
    const target = await this.#connect(client);
    const counters = this.#counters;
    const joined = new JoinedConnections(client, target, this.#plan.settings, counters);
    const { peer } = client;
    counters.joined++;
    counters.open++;
    this.#targets.add(target);
    this.#emit({ type: "opened", peer });
    try {
      await joined.run();
    } catch (error) {
      counters.failed++;
      this.#emit({ type: "failed", peer, side: target.failure === error ? "target" : "client", error });
      throw error;
    } finally {
      counters.open--;
      this.#targets.delete(target);
      this.#emit({ type: "closed", peer, ...joined.traffic });
    }
  }

  async #connect(client: Connection): Promise<Connection> {
    const { target, settings } = this.#plan;
    const { connectTimeoutMs: timeoutMs, writeTimeoutMs, maxBufferedBytes } = settings;
    try {
      if (client.link.isRecords !== (carriageOf(target) === "records")) throw notTheSame(target);
      return await connect(formatSocketUrl(target), {
        timeoutMs,
        signal: client.signal,
        proxySend: proxySendFor(client, target),
        writeTimeoutMs,
        drainTimeoutMs: writeTimeoutMs,
        highWaterBytes: maxBufferedBytes,
        maxReadBufferBytes: maxBufferedBytes,
      });
    } catch (thrown) {
      const { failure } = client;
      const error = failure ?? thrown;
      if (failure === undefined) this.#counters.connectsFailed++;
      this.#emit({ type: "failed", peer: client.peer, side: failure === undefined ? "connect" : "client", error });
      throw error;
    }
  }

  #emit(event: RelayEvent): void {
    this.#plan.settings.onEvent?.(event);
  }
}

/** With `?proxy-send` in the URL of the target, the PROXY header names the client, and where it has connected to. */
function proxySendFor(client: Connection, target: AddressUrl): ProxySend | undefined {
  const version = "proxySend" in target ? target.proxySend : undefined;
  if (version === undefined) return undefined;
  const { proxy, peer: source } = client;
  const given = proxy !== undefined && "destination" in proxy ? proxy.destination : undefined;
  const destination = given ?? client.link.names?.local;
  // A client that is lost meanwhile has no addresses: the attempt to connect ends.
  return destination === undefined ? undefined : { version, source, destination };
}

/** An inherited listener turned out to be of another kind than the target. */
function notTheSame(target: AddressUrl): Error {
  const text = `the listener carries something else than ${formatSocketUrl(target)}, and a relay does not convert`;
  return Object.assign(new Error(text), { code: "EPROTOTYPE" });
}
