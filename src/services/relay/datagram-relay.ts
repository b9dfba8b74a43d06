import { connect } from "../../server/connect.ts";
import type { Connection } from "../../server/connection/connection.ts";
import type { DatagramMessage } from "../../server/service.ts";
import { DeadlineError } from "../../server/time/deadline-error.ts";
import type { Peer } from "../../server/transport/peer.ts";
import { peerName } from "../../server/transport/peer-name.ts";
import { formatSocketUrl } from "../../server/url/socket-url.ts";
import type { RelayEvent } from "./relay-event.ts";
import type { RelayPlan } from "./relay-options.ts";
import type { RelayService } from "./relay-service.ts";
import { type RelayCounters, type RelayStats, relayCounters } from "./relay-stats.ts";

/** Datagrams that a session keeps until its socket is connected; it drops further ones. */
export const MAX_EARLY_DATAGRAMS = 16;

/** The default of `idleTimeoutMs` for datagrams: a session without a datagram for this long ends. Connections have no such default. */
const DEFAULT_SESSION_IDLE_TIMEOUT_MS = 60_000;
/** Bytes of datagrams of one session that may wait to be sent to the target; the relay drops further ones. */
const MAX_SESSION_BYTES = 256 * 1024;

/** A relay of datagrams: each sender has a session with a socket of its own to the target, so that answers find their way back. */
export class DatagramRelay implements RelayService {
  readonly name = "relay";
  readonly #plan: RelayPlan;
  readonly #counters = relayCounters();
  /** By the sender's name; the one that has been silent for longest is the first. */
  readonly #sessions = new Map<string, DatagramSession>();

  constructor(plan: RelayPlan) {
    this.#plan = plan;
  }

  stats(): RelayStats {
    return { ...this.#counters };
  }

  /** Passes a datagram on to the target, in the session of its sender. */
  datagram({ data, peer, reply }: DatagramMessage): void {
    const name = peerName(peer);
    const session = this.#sessions.get(name) ?? this.#begin(name, peer);
    this.#refresh(name, session);
    session.send(data, reply);
  }

  /** Ends all sessions, and resolves when their sockets are closed. */
  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#sessions.values(), (session) => session.end()));
  }

  #begin(name: string, peer: Peer): DatagramSession {
    const [oldest] = this.#sessions;
    if (oldest !== undefined && this.#sessions.size >= this.#plan.settings.maxSessions) {
      this.#sessions.delete(oldest[0]);
      this.#counters.sessionsEvicted++;
      void oldest[1].end();
    }
    const session = new DatagramSession(peer, this.#plan, this.#counters, () => this.#refresh(name, session));
    this.#sessions.set(name, session);
    void session.run().then(() => {
      if (this.#sessions.get(name) === session) this.#sessions.delete(name);
    });
    return session;
  }

  /** Makes the session the one that was silent for the shortest time. */
  #refresh(name: string, session: DatagramSession): void {
    if (this.#sessions.get(name) !== session) return;
    this.#sessions.delete(name);
    this.#sessions.set(name, session);
  }
}

/** The datagrams of one sender. */
class DatagramSession {
  readonly #peer: Peer;
  readonly #plan: RelayPlan;
  readonly #counters: RelayCounters;
  readonly #onAnswer: () => void;
  readonly #ending = new AbortController();
  #reply: DatagramMessage["reply"] = () => false;
  /** Datagrams that came before the socket was connected. */
  #early: Buffer[] = [];
  #connection: Connection | undefined;
  #bytesToTarget = 0;
  #bytesFromTarget = 0;
  #ended: Promise<void> | undefined;
  #hasFailed = false;

  constructor(peer: Peer, plan: RelayPlan, counters: RelayCounters, onAnswer: () => void) {
    this.#peer = peer;
    this.#plan = plan;
    this.#counters = counters;
    this.#onAnswer = onAnswer;
  }

  /** Runs until the session ends; never rejects. */
  run(): Promise<void> {
    this.#ended ??= this.#run();
    return this.#ended;
  }

  /** Sends one datagram to the target. Answers go by `reply` from now on. */
  send(data: Buffer, reply: DatagramMessage["reply"]): void {
    this.#reply = reply;
    if (this.#connection !== undefined) this.#pass(this.#connection, data);
    else if (this.#early.length < MAX_EARLY_DATAGRAMS) this.#early.push(data);
    else this.#counters.datagramsDropped++;
  }

  /** Ends the session, and resolves when its socket is closed. */
  async end(): Promise<void> {
    this.#ending.abort();
    this.#connection?.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const counters = this.#counters;
    let connection: Connection;
    try {
      connection = await this.#connect();
    } catch (error) {
      counters.datagramsDropped += this.#early.length;
      if (this.#ending.signal.aborted) return;
      counters.connectsFailed++;
      this.#failed("connect", error);
      return;
    }
    this.#connection = connection;
    counters.joined++;
    counters.open++;
    this.#emit({ type: "opened", peer: this.#peer });
    for (const data of this.#early) this.#pass(connection, data);
    this.#early = [];
    // Sockets that are open while the signal aborts close here.
    if (this.#ending.signal.aborted) connection.abort();
    await this.#passAnswers(connection);
    counters.open--;
    counters.datagramsDropped += connection.stats().writesDropped;
    const { failure } = connection;
    if (this.#ending.signal.aborted || failure instanceof DeadlineError) {
      const traffic = { bytesToTarget: this.#bytesToTarget, bytesFromTarget: this.#bytesFromTarget };
      this.#emit({ type: "closed", peer: this.#peer, ...traffic });
    } else {
      counters.failed++;
      this.#failed("target", failure);
    }
  }

  /** Passes answers on until the socket is closed or lost. The loss of one datagram, as when nothing listens at the target, is told once. */
  async #passAnswers(connection: Connection): Promise<void> {
    const isLost = (): boolean => connection.failure !== undefined;
    while (!isLost()) {
      try {
        const answer = await connection.read();
        if (answer === undefined) return;
        this.#onAnswer();
        this.#bytesFromTarget += answer.length;
        this.#counters.bytesFromTarget += answer.length;
        if (!this.#reply(answer)) this.#counters.datagramsDropped++;
      } catch (error) {
        if (isLost()) return;
        this.#counters.datagramsDropped++;
        if (!this.#hasFailed) this.#failed("target", error);
        this.#hasFailed = true;
      }
    }
  }

  #pass(connection: Connection, data: Buffer): void {
    this.#bytesToTarget += data.length;
    this.#counters.bytesToTarget += data.length;
    connection.write(data);
  }

  #connect(): Promise<Connection> {
    const { target, settings } = this.#plan;
    const { connectTimeoutMs: timeoutMs, idleTimeoutMs = DEFAULT_SESSION_IDLE_TIMEOUT_MS } = settings;
    return connect(formatSocketUrl(target), {
      timeoutMs,
      signal: this.#ending.signal,
      idleTimeoutMs,
      maxWriteBufferBytes: MAX_SESSION_BYTES,
      whenWriteBufferFull: "drop",
    });
  }

  #emit(event: RelayEvent): void {
    this.#plan.settings.onEvent?.(event);
  }

  #failed(side: "connect" | "target", error: unknown): void {
    this.#emit({ type: "failed", peer: this.#peer, side, error });
  }
}
