import type { Link, LinkInput, LinkOutput } from "../../src/server/transport/link.ts";
import type { Peer } from "../../src/server/transport/peer.ts";

export interface LinkKind {
  readonly isRecords?: boolean;
  readonly isDatagram?: boolean;
  readonly endsAtClose?: boolean;
}

/** A link whose other end is the test: it records the calls. */
export class ScriptedLink implements Link {
  peer: Peer = { path: "" };
  readonly isRecords: boolean;
  readonly isDatagram: boolean;
  readonly endsAtClose: boolean;
  readonly sent: Buffer[] = [];
  readonly calls: string[] = [];
  /** The number of bytes that it accepts until it is full. */
  room = Number.POSITIVE_INFINITY;
  input: LinkInput | undefined;
  output: LinkOutput | undefined;

  constructor({ isRecords = false, isDatagram = false, endsAtClose = true }: LinkKind = {}) {
    this.isRecords = isRecords;
    this.isDatagram = isDatagram;
    this.endsAtClose = endsAtClose;
  }

  open(input: LinkInput, output: LinkOutput): void {
    this.input = input;
    this.output = output;
  }
  send(bytes: Uint8Array, offset: number, length: number): number | undefined {
    if (offset + length > bytes.length) throw new RangeError(`${length} bytes from ${offset} of ${bytes.length}`);
    const taken = Math.min(this.room, length);
    this.room -= taken;
    if (taken === 0) return undefined;
    this.sent.push(Buffer.from(bytes.subarray(offset, offset + taken)));
    return taken;
  }
  sendMany(pieces: readonly Uint8Array[]): number | undefined {
    const all = Buffer.concat(pieces);
    return this.send(all, 0, all.length);
  }
  awaitWritable(): void {
    this.calls.push("awaitWritable");
  }
  resume(): void {
    this.calls.push("resume");
  }
  pause(): void {
    this.calls.push("pause");
  }
  end(): void {
    this.calls.push("end");
  }
  close(): void {
    this.calls.push("close");
  }
  abort(): void {
    this.calls.push("abort");
  }
}
