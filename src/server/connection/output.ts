import type { Codec } from "../../codec/codec.ts";
import { bytesOf, CONNECTION_ERRORS, type Data, EPIPE, SocketError, viewOf } from "../../socket/values.ts";
import { DeadlineError } from "../time/deadline-error.ts";
import { Deadline, type DeadlineWheel } from "../time/deadline-wheel.ts";
import { ConnectionError, errorOf } from "../transport/connection-error.ts";
import type { Link, LinkFile, LinkOutput, LinkSocket } from "../transport/link.ts";
import { runIn } from "../transport/link-decorator.ts";
import type { Connection } from "./connection.ts";
import { type FilePart, FileQueue, type QueuedFile } from "./file-queue.ts";
import type { HeldBack, Input } from "./input.ts";
import type { ConnectionPolicy } from "./policy.ts";
import { type TurnWriter, turnSends } from "./turn-sends.ts";
import { rejectTolerated, tolerate } from "./unawaited.ts";
import {
  abortedBefore,
  type PromiseWaiter,
  resolveWaiters,
  type WaitOptions,
  type WaitSource,
  waitAmong,
} from "./wait.ts";
import { type FrameEncoder, WriteBuffer } from "./write-buffer.ts";

const NOTHING = Promise.resolve();

/**
 * - `open`: writes are sent.
 * - `ending`: waiting data is sent, then the end.
 * - `ended`: the end was sent.
 * - `lost`: the connection failed.
 */
type Phase = "open" | "ending" | "ended" | "lost";

/** The writing side of a connection: the writes of one turn are sent together, and what the socket cannot take waits. */
export class Output implements LinkOutput, TurnWriter, WaitSource {
  #link: Link;
  readonly #connection: Connection;
  readonly #input: Input;
  /** Present only while something waits: an idle connection has none. */
  #buffer: WriteBuffer | undefined;
  #phase: Phase = "open";
  #drainers: PromiseWaiter[] | undefined;
  /** The waiters for the end, which cannot be sent yet. */
  #enders: PromiseWaiter[] | undefined;
  /** The error of a datagram that was lost while they waited. */
  #loss: Error | undefined;
  /** The deadline for a peer that takes nothing; created when it first does. */
  #patience: Deadline | undefined;
  /** Files before the content of the buffer; present only while some are sent. */
  #files: FileQueue | undefined;
  /** Whether the write buffer is sent at the end of the turn. */
  #isDue = false;
  /** Whether the link accepts no more. */
  #isBlocked = false;
  /** Whether the buffered bytes are between the two marks and falling. */
  #isFull = false;
  #bytesAdded = 0;
  #writesDropped = 0;
  /** Whether TLS begins: what the program writes now would leave in clear, or for a peer that was not checked. */
  #isUpgrading = false;

  constructor(link: Link, connection: Connection, input: Input) {
    this.#link = link;
    this.#connection = connection;
    this.#input = input;
  }

  /** Whether another link has taken over. */
  use(link: Link): void {
    this.#link = link;
  }

  /** Refuses writes until {@link endUpgrade}. Throws while another upgrade is in progress. */
  beginUpgrade(): void {
    this.#checkUpgrade();
    this.#isUpgrading = true;
  }

  endUpgrade(): void {
    this.#isUpgrading = false;
  }

  #checkUpgrade(): void {
    if (this.#isUpgrading && this.#phase === "open") throw new ConnectionError("ERR_SOCKWRIGHT_TLS_PENDING");
  }

  /** Whether the end was not requested, and the connection is not lost. */
  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Whether each write is a record. */
  get isRecords(): boolean {
    return this.#link.isRecords;
  }

  /** Bytes that the link has taken. */
  get bytesWritten(): number {
    return this.#bytesAdded - this.bytesWaiting + (this.#files?.bytesTaken ?? 0);
  }

  /** Whether the link has all data, and the end. */
  get hasEnded(): boolean {
    return this.#phase === "ended";
  }

  /** Bytes that wait to be sent. */
  get bytesWaiting(): number {
    return (this.#buffer?.bytes ?? 0) + (this.#files?.bytes ?? 0);
  }

  /** Writes that were dropped because the buffer was full. */
  get writesDropped(): number {
    return this.#writesDropped;
  }

  /** From this many waiting bytes on, the program should pause writing. */
  get highWaterBytes(): number {
    return this.#connection.policy.highWaterBytes;
  }

  /** Bytes that can be written now. */
  get capacityBytes(): number {
    return Math.max(0, this.#connection.policy.maxWriteBufferBytes - this.#loadBytes);
  }

  /**
   * How much the input must pause. Pushes pause between the marks. A reader by promise, which may wait for
   * `drained` itself, pauses only when far more waits. A file that the peer does not take counts as much, although it waits in no
   * memory. This applies only to accepted connections: of two ends that
   * each read only while the other takes its output, neither would read, for ever. After the end nothing is added.
   */
  get heldBack(): HeldBack {
    const { policy } = this.#connection;
    if (!policy.isAccepted || this.#phase !== "open") return "nothing";
    if (this.#loadBytes >= policy.maxUnsentBytesWhileReading) return "all";
    return this.#isFull || (this.#isBlocked && this.#files !== undefined) ? "pushes" : "nothing";
  }

  /** Reserves the place of a file after earlier writes; later writes wait for it. */
  beginFile(head?: Uint8Array): QueuedFile {
    this.#settle();
    if (this.#connection.failure !== undefined) throw this.#connection.failure;
    if (this.#phase !== "open") throw new ConnectionError("ERR_SOCKWRIGHT_ENDED");
    this.#checkUpgrade();
    this.#files ??= new FileQueue(() => runIn(this.#link, () => this.#flush()));
    const file = this.#files.add(this.#buffer ?? WriteBuffer.take(false), head);
    this.#buffer = undefined;
    this.#bytesAdded += head?.length ?? 0;
    this.#isBelow(this.#connection.policy);
    return file;
  }

  /** A file that the link sends by itself; undefined if it must be read, with {@link writeOfFile}. */
  openFile(descriptor: number): LinkFile | undefined {
    return this.#link.openFile?.(descriptor);
  }

  /** Makes the link send such a file after its head. The waiter also learns that the rest must be read: then some is left. */
  sendOfFile(file: QueuedFile, part: FilePart, waiter: PromiseWaiter): void {
    if (this.#connection.failure !== undefined) {
      waiter.reject(this.#connection.failure);
      return;
    }
    this.#files?.sendPart(file, part, waiter);
    this.#flush();
  }

  /** Writes a part of a file after its head, also after the end was requested. Waiting for {@link sentOfFile} first keeps memory low. */
  writeOfFile(file: QueuedFile, bytes: Uint8Array): void {
    if (this.#phase === "lost") return;
    this.#files?.write(file, bytes);
    this.#bytesAdded += bytes.length;
    this.#flush();
  }

  /** Settles when the link has the written parts of the file, and everything before it. */
  sentOfFile(file: QueuedFile): Promise<void> {
    if (this.#connection.failure !== undefined) return rejectTolerated(this.#connection.failure);
    const sent = waitAmong(file.buffer.whenSent(), undefined, this);
    this.#flush();
    return sent;
  }

  /**
   * A file was sent, or failed. If part of it was sent, or the end waits after it, the peer must not take the part for
   * the whole: then an error aborts the connection.
   */
  endFile(file: QueuedFile, error?: Error): void {
    if (this.#phase === "lost") return;
    if (error !== undefined && (file.isBegun || this.#phase === "ending")) {
      this.#connection.abort(error);
      return;
    }
    this.#bytesAdded -= this.#files?.end(file) ?? 0;
    this.#flush();
  }

  write(data: Data): boolean {
    return this.#isWritable() && this.#add(bytesOf("data", data));
  }

  /** As {@link write}, without a copy. */
  writeLent(bytes: Uint8Array): boolean {
    return this.#isWritable() && this.#add(viewOf("bytes", bytes), true);
  }

  /** On a lost connection a write does nothing; after the end of this side it is a mistake of the program. */
  #isWritable(): boolean {
    this.#settle();
    this.#checkUpgrade();
    if (this.#phase === "open") return true;
    if (this.#phase === "lost") return false;
    throw new ConnectionError("ERR_SOCKWRIGHT_ENDED");
  }

  #add(bytes: Uint8Array, isLent = false): boolean {
    const { policy } = this.#connection;
    if (bytes.length > 0 || this.#link.isRecords) {
      const loadBytes = this.#loadBytes + bytes.length;
      if (loadBytes > policy.maxWriteBufferBytes && !this.#makesRoom(bytes.length)) return this.#refuse();
      this.#buffer ??= WriteBuffer.take(this.#link.isRecords);
      if (isLent) this.#buffer.addLent(bytes);
      else this.#buffer.add(bytes);
      this.#added(bytes.length);
    }
    return this.#isBelow(policy);
  }

  /** Writes a frame; its codec encodes it into the send buffer directly, if it can. */
  writeFrame<Out>(codec: FrameEncoder<Out> & Pick<Codec<unknown, Out>, "encode">, frame: Out): boolean {
    this.#settle();
    this.#checkUpgrade();
    if (this.#phase === "open") {
      const { policy } = this.#connection;
      const buffer = this.#buffer ?? WriteBuffer.take(this.#link.isRecords);
      const bytes = buffer.addFrame(codec, frame, policy.maxWriteBufferBytes - (this.#files?.loadBytes ?? 0));
      if (bytes !== undefined) {
        this.#buffer = buffer;
        this.#added(bytes);
        return this.#isBelow(policy);
      }
    }
    return this.write(codec.encode(frame));
  }

  get wheel(): DeadlineWheel {
    return this.#connection.policy.wheel;
  }

  /** Whether a drain is about to be reported. */
  isDue(): boolean {
    return this.#isBlocked && this.#link.isDue?.("output") === true;
  }

  drained(wait?: WaitOptions): Promise<void> {
    const aborted = abortedBefore(wait);
    if (aborted !== undefined) return aborted;
    if (this.#connection.failure !== undefined) return rejectTolerated(this.#connection.failure);
    if (!this.#isFull) return NOTHING;
    this.#drainers ??= [];
    return waitAmong(this.#drainers, wait, this);
  }

  /** Settles when the link has everything that was written up to now, and the files. */
  flushed(wait?: WaitOptions): Promise<void> {
    const aborted = abortedBefore(wait);
    if (aborted !== undefined) return aborted;
    if (this.#connection.failure !== undefined) return rejectTolerated(this.#connection.failure);
    if (!this.isSending) return NOTHING;
    // Waits after the files, also when nothing is written there.
    this.#buffer ??= WriteBuffer.take(this.#link.isRecords);
    return waitAmong(this.#buffer.whenSent(), wait, this);
  }

  /** Whether something is still to be sent: waiting bytes, perhaps an empty record, or the rest of a file. */
  get isSending(): boolean {
    return this.#buffer !== undefined || this.#files !== undefined;
  }

  /**
   * Passes waiting data to the link. Returns whether the link then has all of it and the end, or only the end is left: that counts as
   * sent, and the caller closes the link at once.
   */
  endsWithClose(): boolean {
    if (this.#files === undefined && this.#phase === "open") {
      this.#flush();
      if (this.#buffer === undefined && this.#connection.failure === undefined) this.#phase = "ended";
    }
    return this.hasEnded;
  }

  /** Settles when the link has all data, and the end. */
  end(): Promise<void> {
    if (this.#connection.failure !== undefined) return rejectTolerated(this.#connection.failure);
    if (this.#phase === "ended") return NOTHING;
    const ended = new Promise<void>((resolve, reject) => {
      this.#enders ??= [];
      this.#enders.push({ resolve, reject });
      if (this.#phase !== "open") return;
      this.#phase = "ending";
      this.#flush();
      if (this.#isBlocked && this.#connection.failure === undefined) this.#awaitPeer();
      this.#input.heldBackChanged();
    });
    return tolerate(ended);
  }

  onWritable(): void {
    this.#isBlocked = false;
    this.#flush();
  }

  stage(sends: Int32Array, at: number): LinkSocket["kernel"] | undefined {
    if (this.#isBlocked || this.#phase !== "open" || this.#buffer === undefined) return undefined;
    if (this.#files !== undefined) return undefined;
    const { socket } = this.#link;
    return socket !== undefined && this.#buffer.stage(socket, sends, at) ? socket.kernel : undefined;
  }

  takeSendResult(result: number): void {
    this.#isDue = false;
    if (this.#buffer !== undefined) this.#flush(result);
  }

  endTurn(): void {
    this.#isDue = false;
    this.#flush();
  }

  /** A datagram was lost: the waiters for the end get its error once all is sent. False when there are none. */
  datagramFailed(error: Error): boolean {
    if (this.#enders === undefined) return false;
    this.#loss ??= error;
    return true;
  }

  onLost(error: Error): void {
    this.#phase = "lost";
    this.#patience?.cancel();
    this.#bytesAdded = this.bytesWritten;
    const ofFiles = this.#files?.clear() ?? [];
    const flushers = this.#buffer?.clear() ?? [];
    this.#files = undefined;
    this.#buffer = undefined;
    for (const waiter of [...this.#takeDrainers(), ...ofFiles, ...flushers, ...this.#takeEnders()])
      waiter.reject(error);
  }

  get #loadBytes(): number {
    return (this.#buffer?.loadBytes ?? 0) + (this.#files?.loadBytes ?? 0);
  }

  /** @param result - of a send of the whole batch, if one was made. */
  #flush(result?: number): void {
    if (this.#isBlocked || this.#phase === "lost") return;
    const { policy } = this.#connection;
    const hasFiles = this.#files !== undefined;
    const wasMuch = hasFiles || this.#isFull || this.#loadBytes >= policy.maxUnsentBytesWhileReading;
    if (!this.#send(result)) return;
    if (this.#isFull && this.#loadBytes < policy.lowWaterBytes) this.#relieve();
    else if (wasMuch) this.#input.heldBackChanged();
    if (this.#phase !== "ended") return;
    for (const { resolve, reject } of this.#takeEnders()) {
      if (this.#loss === undefined) resolve();
      else reject(this.#loss);
    }
  }

  /**
   * Removes bytes that were sent together with others, and not reported yet, so that they are neither sent twice nor written
   * after. The connection may be lost by this.
   */
  #settle(): void {
    if (this.#isDue && turnSends.isTelling) turnSends.settle(this);
  }

  /** Passes to the link what it takes; returns whether the connection continues. */
  #send(result?: number): boolean {
    this.#settle();
    if (this.#phase === "lost") return false;
    const bytesBefore = this.#loadBytes;
    const writtenBefore = this.bytesWritten;
    try {
      const files = this.#sendFiles();
      if (files === "all") this.#sendBuffer(result);
      if (files === "full" || (files === "all" && this.#buffer !== undefined)) {
        this.#isBlocked = true;
        this.#link.awaitWritable();
        const hasTaken = this.#loadBytes < bytesBefore || this.bytesWritten > writtenBefore;
        if (hasTaken || this.#patience?.isRunning !== true) this.#awaitPeer();
      } else {
        this.#patience?.cancel();
        if (this.#phase === "ending" && files === "all") {
          this.#phase = "ended";
          this.#link.end();
        }
      }
    } catch (thrown) {
      const error = errorOf(thrown);
      // Lent memory is gone, or a file cannot be read: the peer must not take the part for the whole.
      if (error instanceof TypeError || isOfFileItself(error)) this.#connection.abort(error);
      else this.#connection.fail(error);
      return false;
    }
    return true;
  }

  #sendFiles(): "all" | "full" | "waiting" {
    const files = this.#files;
    if (files === undefined) return "all";
    const state = files.send(this.#link);
    if (state === "all") {
      this.#bytesAdded += files.bytesTaken;
      this.#files = undefined;
    }
    return state;
  }

  #sendBuffer(result: number | undefined): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    if (result === undefined) buffer.flush(this.#link);
    else buffer.staged(this.#link.takeSendResult?.(result) ?? 0);
    const flushers = buffer.takeSent();
    if (flushers !== undefined) resolveWaiters(flushers);
    if (!buffer.isEmpty) return;
    buffer.giveBack();
    this.#buffer = undefined;
  }

  /** Bytes that the link takes at once need no buffer: returns whether that is enough. Calls no callback within a write. */
  #makesRoom(bytes: number): boolean {
    return !this.#isBlocked && this.#send() && this.#loadBytes + bytes <= this.#connection.policy.maxWriteBufferBytes;
  }

  /** The buffer cannot hold a write, and takes nothing of it. */
  #refuse(): boolean {
    if (this.#connection.failure !== undefined) return false;
    const { policy } = this.#connection;
    policy.onWriteBufferFull(this.#link.peer);
    if (policy.whenWriteBufferFull === "close") {
      this.#connection.abort(new ConnectionError("ERR_SOCKWRIGHT_WRITE_BUFFER_FULL"));
      return false;
    }
    // A waiter for space after a full buffer waits for the peer, and not in vain.
    if (this.#loadBytes > 0) this.#fill();
    if (policy.whenWriteBufferFull === "throw") throw new ConnectionError("ERR_SOCKWRIGHT_WRITE_BUFFER_FULL");
    this.#writesDropped++;
    return false;
  }

  /** The write buffer has this many bytes now: they are sent at the end of the turn. */
  #added(bytes: number): void {
    this.#bytesAdded += bytes;
    if (this.#isDue || this.#isBlocked) return;
    this.#isDue = true;
    turnSends.add(this);
  }

  /** Whether fewer bytes wait than the mark; if not, further writers must wait. */
  #isBelow({ highWaterBytes, maxUnsentBytesWhileReading }: ConnectionPolicy): boolean {
    const loadBytes = this.#loadBytes;
    if (loadBytes >= highWaterBytes) {
      this.#fill();
      return false;
    }
    if (loadBytes >= maxUnsentBytesWhileReading) this.#input.heldBackChanged();
    return true;
  }

  /** At this count it reports the change, and again when the count rises so far that more must pause. */
  #fill(): void {
    this.#isFull = true;
    this.#input.heldBackChanged();
  }

  /** Starts the time in which the peer must take something; progress calls this again. */
  #awaitPeer(): void {
    const { policy } = this.#connection;
    const timeoutMs = this.#phase === "open" ? policy.writeTimeoutMs : policy.drainTimeoutMs;
    if (timeoutMs === undefined) return;
    this.#patience ??= new Deadline(policy.wheel, () => this.#expire());
    this.#patience.start(timeoutMs);
  }

  #expire(): void {
    // A process that was held up may check the clock before it has received the pending events.
    if (this.#link.isDue?.("output") === true) {
      this.#awaitPeer();
      return;
    }
    const name = this.#phase === "open" ? "write" : "drain";
    runIn(this.#link, () => {
      this.#connection.policy.onExpired(name, this.#link.peer);
      this.#connection.abort(new DeadlineError(name));
    });
  }

  #relieve(): void {
    this.#isFull = false;
    this.#input.heldBackChanged();
    resolveWaiters(this.#takeDrainers());
  }

  #takeDrainers(): readonly PromiseWaiter[] {
    const drainers = this.#drainers ?? [];
    this.#drainers = undefined;
    return drainers;
  }

  #takeEnders(): readonly PromiseWaiter[] {
    const enders = this.#enders ?? [];
    this.#enders = undefined;
    return enders;
  }
}

/** Whether the file that the link sends has failed, and not the connection. */
function isOfFileItself(error: Error): boolean {
  if (!(error instanceof SocketError) || error.syscall !== "sendfile") return false;
  return error.errno !== -EPIPE && !CONNECTION_ERRORS.has(-error.errno);
}
