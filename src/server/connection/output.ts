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
import { lostWith, tolerated } from "./unawaited.ts";
import { abortedBefore, type PromiseWaiter, tellOfRoom, type WaitOptions, type WaitSource, waitAmong } from "./wait.ts";
import { type FrameEncoder, WriteBuffer } from "./write-buffer.ts";

const NOTHING = Promise.resolve();

/**
 * - `open`: what is written is sent.
 * - `ending`: what waits is sent, and the end after it.
 * - `ended`: the end was sent.
 * - `lost`: the connection failed.
 */
type Phase = "open" | "ending" | "ended" | "lost";

/** The side of a connection that writes: what was written in a turn leaves together, and what has no room waits. */
export class Output implements LinkOutput, TurnWriter, WaitSource {
  #link: Link;
  readonly #connection: Connection;
  readonly #input: Input;
  /** Only while something waits: an idle connection has none. */
  #buffer: WriteBuffer | undefined;
  #phase: Phase = "open";
  #drainers: PromiseWaiter[] | undefined;
  /** Who waits for the end, which cannot be sent yet. */
  #enders: PromiseWaiter[] | undefined;
  /** A datagram that was lost while they waited. */
  #loss: Error | undefined;
  /** How long the peer may take nothing; made when it first does. */
  #patience: Deadline | undefined;
  /** Before what is in the buffer. Only while some are sent. */
  #files: FileQueue | undefined;
  /** At the end of the turn it will be sent. */
  #isDue = false;
  /** The link has no room. */
  #isBlocked = false;
  /** Between the two marks, on the way down. */
  #isFull = false;
  #bytesAdded = 0;
  #writesDropped = 0;

  constructor(link: Link, connection: Connection, input: Input) {
    this.#link = link;
    this.#connection = connection;
    this.#input = input;
  }

  /** Another link has taken over. */
  use(link: Link): void {
    this.#link = link;
  }

  /** The end was not asked for, and the connection is not lost. */
  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Each write is a record. */
  get isRecords(): boolean {
    return this.#link.isRecords;
  }

  /** What the link has taken. */
  get bytesWritten(): number {
    return this.#bytesAdded - this.bytesWaiting + (this.#files?.bytesTaken ?? 0);
  }

  /** The link has all of it, and the end. */
  get hasEnded(): boolean {
    return this.#phase === "ended";
  }

  /** What waits to be sent. */
  get bytesWaiting(): number {
    return (this.#buffer?.bytes ?? 0) + (this.#files?.bytes ?? 0);
  }

  /** Writes for which there was no room, where such are dropped. */
  get writesDropped(): number {
    return this.#writesDropped;
  }

  /** When so much waits, it is time to write no more. */
  get highWaterBytes(): number {
    return this.#connection.policy.highWaterBytes;
  }

  /** So much can be written now. */
  get roomBytes(): number {
    return Math.max(0, this.#connection.policy.maxWriteBufferBytes - this.#loadBytes);
  }

  /**
   * What is not to be read from the peer. Pushes are held back between the marks. Whoever reads by promise, and may wait for
   * `drained` itself, is held back only while far more waits. A file that the peer does not take, and that waits in no memory, is as
   * much. And only where the connection was accepted: of two ends that
   * each read only while the other takes what it writes, none would read, for ever. After the end nothing is added.
   */
  get heldBack(): HeldBack {
    const { policy } = this.#connection;
    if (!policy.isAccepted || this.#phase !== "open") return "nothing";
    if (this.#loadBytes >= policy.maxUnsentBytesWhileReading) return "all";
    return this.#isFull || (this.#isBlocked && this.#files !== undefined) ? "pushes" : "nothing";
  }

  /** A file is about to be sent: it has its place behind what was written, and what is written from now on waits for it. */
  beginFile(head?: Uint8Array): QueuedFile {
    this.#settle();
    if (this.#connection.failure !== undefined) throw this.#connection.failure;
    if (this.#phase !== "open") throw new ConnectionError("ERR_SOCKWRIGHT_ENDED");
    this.#files ??= new FileQueue(() => runIn(this.#link, () => this.#flush()));
    const file = this.#files.add(this.#buffer ?? WriteBuffer.take(false), head);
    this.#buffer = undefined;
    this.#bytesAdded += head?.length ?? 0;
    this.#isBelow(this.#connection.policy);
    return file;
  }

  /** A file that the link sends by itself; undefined where it is to be read, and {@link writeOfFile} called. */
  openFile(descriptor: number): LinkFile | undefined {
    return this.#link.openFile?.(descriptor);
  }

  /** Has the link send such a file, behind its head. The waiter is told also where the rest is to be read: then some is left. */
  sendOfFile(file: QueuedFile, part: FilePart, waiter: PromiseWaiter): void {
    if (this.#connection.failure !== undefined) {
      waiter.reject(this.#connection.failure);
      return;
    }
    this.#files?.sendPart(file, part, waiter);
    this.#flush();
  }

  /** A part of a file, behind its head, also after the end was asked for. Who waits for {@link sentOfFile} before keeps memory low. */
  writeOfFile(file: QueuedFile, bytes: Uint8Array): void {
    if (this.#phase === "lost") return;
    this.#files?.write(file, bytes);
    this.#bytesAdded += bytes.length;
    this.#flush();
  }

  /** Settles when the link has what was written of the file, and all that was written before it. */
  sentOfFile(file: QueuedFile): Promise<void> {
    if (this.#connection.failure !== undefined) return lostWith(this.#connection.failure);
    const sent = waitAmong(file.buffer.whenSent(), undefined, this);
    this.#flush();
    return sent;
  }

  /**
   * A file was sent, or could not be. Where a part of it was, or the end waits behind it, the peer must not take what it has for
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

  /** Where the connection is lost, what is written is nothing; where it was ended here, that is a mistake. */
  #isWritable(): boolean {
    this.#settle();
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

  /** A frame, which its codec puts where it is sent from, if it can. */
  writeFrame<Out>(codec: FrameEncoder<Out> & Pick<Codec<unknown, Out>, "encode">, frame: Out): boolean {
    this.#settle();
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

  /** Whether there is room that is about to be told. */
  isDue(): boolean {
    return this.#isBlocked && this.#link.isDue?.("output") === true;
  }

  drained(wait?: WaitOptions): Promise<void> {
    const aborted = abortedBefore(wait);
    if (aborted !== undefined) return aborted;
    if (this.#connection.failure !== undefined) return lostWith(this.#connection.failure);
    if (!this.#isFull) return NOTHING;
    this.#drainers ??= [];
    return waitAmong(this.#drainers, wait, this);
  }

  /** Settles when the link has all that was written up to now, and the files. */
  flushed(wait?: WaitOptions): Promise<void> {
    const aborted = abortedBefore(wait);
    if (aborted !== undefined) return aborted;
    if (this.#connection.failure !== undefined) return lostWith(this.#connection.failure);
    if (!this.isSending) return NOTHING;
    // Behind the files, also where nothing is written there.
    this.#buffer ??= WriteBuffer.take(this.#link.isRecords);
    return waitAmong(this.#buffer.whenSent(), wait, this);
  }

  /** Something is to be sent still: what waits, be it an empty record, or the rest of a file. */
  get isSending(): boolean {
    return this.#buffer !== undefined || this.#files !== undefined;
  }

  /**
   * Gives the link what waits. Whether it has all of it then, and the end, or nothing is left but the end: that is counted as
   * sent, and whoever asks closes the link at once.
   */
  endsWithClose(): boolean {
    if (this.#files === undefined && this.#phase === "open") {
      this.#flush();
      if (this.#buffer === undefined && this.#connection.failure === undefined) this.#phase = "ended";
    }
    return this.hasEnded;
  }

  /** Settles when the link has all of it, and the end. */
  end(): Promise<void> {
    if (this.#connection.failure !== undefined) return lostWith(this.#connection.failure);
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
    return tolerated(ended);
  }

  writable(): void {
    this.#isBlocked = false;
    this.#flush();
  }

  stage(sends: Int32Array, at: number): LinkSocket["kernel"] | undefined {
    if (this.#isBlocked || this.#phase !== "open" || this.#buffer === undefined) return undefined;
    if (this.#files !== undefined) return undefined;
    const { socket } = this.#link;
    return socket !== undefined && this.#buffer.stage(socket, sends, at) ? socket.kernel : undefined;
  }

  sentTogether(result: number): void {
    this.#isDue = false;
    if (this.#buffer !== undefined) this.#flush(result);
  }

  endTurn(): void {
    this.#isDue = false;
    this.#flush();
  }

  /** A datagram was lost: whoever waits for all to be sent is told, once it is. False when nobody does. */
  datagramFailed(error: Error): boolean {
    if (this.#enders === undefined) return false;
    this.#loss ??= error;
    return true;
  }

  lost(error: Error): void {
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

  /** @param result - of a send of all that was gathered, where that was made. */
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
   * What was sent together with others, and not told yet, waits no more: not to be sent twice, nor to be written behind. The
   * connection may be lost by it.
   */
  #settle(): void {
    if (this.#isDue && turnSends.isTelling) turnSends.settle(this);
  }

  /** Gives the link what it takes; whether the connection lives on. */
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
      // Memory that was lent is gone, or a file cannot be read: the peer must not take what it has for the whole.
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
    else buffer.staged(this.#link.sentTogether?.(result) ?? 0);
    const flushers = buffer.takeSent();
    if (flushers !== undefined) tellOfRoom(flushers);
    if (!buffer.isEmpty) return;
    buffer.giveBack();
    this.#buffer = undefined;
  }

  /** What the link takes at once needs no room: whether it is enough. Nobody is told of it within a write. */
  #makesRoom(bytes: number): boolean {
    return !this.#isBlocked && this.#send() && this.#loadBytes + bytes <= this.#connection.policy.maxWriteBufferBytes;
  }

  /** There is no room for a write, and nothing of it is taken. */
  #refuse(): boolean {
    if (this.#connection.failure !== undefined) return false;
    const { policy } = this.#connection;
    policy.writeBufferFull(this.#link.peer);
    if (policy.whenWriteBufferFull === "close") {
      this.#connection.abort(new ConnectionError("ERR_SOCKWRIGHT_WRITE_BUFFER_FULL"));
      return false;
    }
    // Who waits for room after it waits for the peer, and not in vain.
    if (this.#loadBytes > 0) this.#fill();
    if (policy.whenWriteBufferFull === "throw") throw new ConnectionError("ERR_SOCKWRIGHT_WRITE_BUFFER_FULL");
    this.#writesDropped++;
    return false;
  }

  /** So many bytes are in the write buffer now: they leave at the end of the turn. */
  #added(bytes: number): void {
    this.#bytesAdded += bytes;
    if (this.#isDue || this.#isBlocked) return;
    this.#isDue = true;
    turnSends.add(this);
  }

  /** Whether less than so much waits; if not, who wants to write more is held back. */
  #isBelow({ highWaterBytes, maxUnsentBytesWhileReading }: ConnectionPolicy): boolean {
    const loadBytes = this.#loadBytes;
    if (loadBytes >= highWaterBytes) {
      this.#fill();
      return false;
    }
    if (loadBytes >= maxUnsentBytesWhileReading) this.#input.heldBackChanged();
    return true;
  }

  /** From here on it is told, and told again where it is so much that more is held back. */
  #fill(): void {
    this.#isFull = true;
    this.#input.heldBackChanged();
  }

  /** The peer has this long to take anything at all: what it takes has this called again. */
  #awaitPeer(): void {
    const { policy } = this.#connection;
    const timeoutMs = this.#phase === "open" ? policy.writeTimeoutMs : policy.drainTimeoutMs;
    if (timeoutMs === undefined) return;
    this.#patience ??= new Deadline(policy.wheel, () => this.#expire());
    this.#patience.start(timeoutMs);
  }

  #expire(): void {
    // A process that was held up may look at the clock before it has heard of everybody.
    if (this.#link.isDue?.("output") === true) {
      this.#awaitPeer();
      return;
    }
    const name = this.#phase === "open" ? "write" : "drain";
    runIn(this.#link, () => {
      this.#connection.policy.expired(name, this.#link.peer);
      this.#connection.abort(new DeadlineError(name));
    });
  }

  #relieve(): void {
    this.#isFull = false;
    this.#input.heldBackChanged();
    tellOfRoom(this.#takeDrainers());
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

/** Whether what has failed is the file that the link sends, and not the connection. */
function isOfFileItself(error: Error): boolean {
  if (!(error instanceof SocketError) || error.syscall !== "sendfile") return false;
  return error.errno !== -EPIPE && !CONNECTION_ERRORS.has(-error.errno);
}
