import type { Link, LinkInput, LinkNames, LinkOutput } from "./link.ts";
import type { Peer } from "./peer.ts";
import type { PeerCredentials } from "./peer-credentials.ts";
import type { TlsInfo } from "./tls-info.ts";

/** A link between another link and the connection. It passes every call on; subclasses override what they change. */
export abstract class LinkDecorator implements Link, LinkInput, LinkOutput {
  protected link: Link;
  protected input: LinkInput | undefined;
  protected output: LinkOutput | undefined;

  constructor(link: Link) {
    this.link = link;
  }

  get peer(): Peer {
    return this.link.peer;
  }

  set peer(peer: Peer) {
    this.link.peer = peer;
  }

  get names(): LinkNames | undefined {
    return this.link.names;
  }

  get isRecords(): boolean {
    return this.link.isRecords;
  }

  get isDatagram(): boolean {
    return this.link.isDatagram;
  }

  get endsAtClose(): boolean {
    return this.link.endsAtClose;
  }

  get peerCredentials(): PeerCredentials | undefined {
    return this.link.peerCredentials;
  }

  get tls(): TlsInfo | undefined {
    return this.link.tls;
  }

  get bytesReceived(): number {
    return this.link.bytesReceived ?? 0;
  }

  open(input: LinkInput, output: LinkOutput): void {
    this.input = input;
    this.output = output;
    this.link.open(this, this);
  }

  run(call: () => void): void {
    runIn(this.link, call);
  }

  beginWait(): void {
    this.link.beginWait?.();
  }

  resume(): void {
    this.link.resume();
  }

  pause(): void {
    this.link.pause();
  }

  send(bytes: Uint8Array, offset: number, length: number, hasMore?: boolean): number | undefined {
    return this.link.send(bytes, offset, length, hasMore);
  }

  sendMany(pieces: readonly Uint8Array[], hasMore?: boolean): number | undefined {
    return this.link.sendMany(pieces, hasMore);
  }

  awaitWritable(): void {
    this.link.awaitWritable();
  }

  awaitLoss(): void {
    this.link.awaitLoss?.();
  }

  isDue(what: "input" | "output"): boolean {
    return this.link.isDue?.(what) === true;
  }

  setNoDelay(isOn: boolean): void {
    this.link.setNoDelay?.(isOn);
  }

  setKeepAlive(isOn: boolean, delayMs: number): void {
    this.link.setKeepAlive?.(isOn, delayMs);
  }

  setReferenced(isOn: boolean): void {
    this.link.setReferenced?.(isOn);
  }

  end(): void {
    this.link.end();
  }

  close(): void {
    this.link.close();
  }

  abort(): void {
    this.link.abort();
  }

  get isAwaited(): boolean {
    return this.input?.isAwaited === true;
  }

  onReceived(bytes: Uint8Array): void {
    this.input?.onReceived(bytes);
  }

  onEnd(): void {
    this.input?.onEnd();
  }

  onError(error: Error): void {
    this.input?.onError(error);
  }

  onDatagramError(error: Error): void {
    this.input?.onDatagramError?.(error);
  }

  onWritable(): void {
    this.output?.onWritable();
  }
}

/** Calls a function as the events of the link are told. */
export function runIn(link: Link, call: () => void): void {
  if (link.run === undefined) call();
  else link.run(call);
}

/** The link with another one at its base, which then tells what it tells to the two: they are those of the link. */
export function withBase(
  link: Link,
  make: (base: Link) => Link,
  ...[input, output]: [input: LinkInput, output: LinkOutput]
): Link {
  if (link.replaceBase !== undefined) {
    link.replaceBase(make);
    return link;
  }
  const made = make(link);
  made.open(input, output);
  return made;
}
