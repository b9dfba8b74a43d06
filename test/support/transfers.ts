// Transfers between two folders of this process.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { onTestFinished } from "vitest";
import { type Connection, connect, type Server, serve } from "../../src/server.ts";
import { Inbox } from "../../src/services/transfer/inbox.ts";
import type { InboxDisk } from "../../src/services/transfer/inbox-disk.ts";
import { Receiver } from "../../src/services/transfer/receiver.ts";
import type { ReceiverEvent } from "../../src/services/transfer/receiver-session.ts";
import { type SenderEvent, type SenderOptions, type Sent, sendEntries } from "../../src/services/transfer/sender.ts";
import { SenderKey } from "../../src/services/transfer/sender-key.ts";
import { sourceTree } from "../../src/services/transfer/source-tree.ts";
import { urlOf } from "./serving.ts";

export const TRANSFER_SECRET = "AbCdEfGhIjKlMnOpQrStUv";

/** A receiver that listens. */
export interface Receiving {
  readonly receiver: Receiver;
  readonly inbox: Inbox;
  readonly server: Server;
  readonly events: ReceiverEvent[];
  readonly bound: string[];
  /** Loses every connection. */
  readonly cut: () => void;
  /** Ends it, as the end of its process would; the folder can be opened again. */
  readonly stop: () => Promise<void>;
}

export async function receivingInto(
  folder: string,
  { url = "tcp://127.0.0.1:0", disk, sender }: { url?: string; disk?: InboxDisk; sender?: string } = {},
): Promise<Receiving> {
  const inbox = await Inbox.open(folder, { isOverwriting: false, disk });
  const events: ReceiverEvent[] = [];
  const bound: string[] = [];
  const receiver = new Receiver({
    inbox,
    secret: TRANSFER_SECRET,
    sender,
    bind: async (key) => {
      bound.push(key);
    },
    onEvent: (event) => events.push(event),
  });
  const connections = new Set<Connection>();
  const serveConnection = async (connection: Connection): Promise<void> => {
    connections.add(connection);
    await receiver.serve(connection);
  };
  const server = await serve(url, serveConnection, { onError: () => undefined });
  const cut = (): void => {
    for (const connection of connections) connection.abort();
  };
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await server.close({ graceMs: 0 });
    await receiver.close();
    await inbox.close();
  };
  onTestFinished(stop);
  return { receiver, inbox, server, events, bound, cut, stop };
}

/** Makes files with these contents. */
export function madeFiles(folder: string, files: Readonly<Record<string, string | Buffer>>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(`${folder}/${path}`), { recursive: true });
    writeFileSync(`${folder}/${path}`, content);
  }
  return folder;
}

export const TEST_SENDER_KEY = SenderKey.create();

/** Sends what is in a folder. */
export async function sentTo(
  to: Server | string,
  folder: string,
  options: Partial<SenderOptions> & { readonly exclude?: readonly string[] } = {},
): Promise<{ readonly sent: Sent; readonly events: SenderEvent[] }> {
  const events: SenderEvent[] = [];
  const { exclude, ...others } = options;
  const sent = await sendEntries({
    connect: (): Promise<Connection> => connect(typeof to === "string" ? to : urlOf(to)),
    secret: TRANSFER_SECRET,
    key: TEST_SENDER_KEY,
    entries: sourceTree([`${folder}/`], exclude),
    onEvent: (event) => events.push(event),
    ...others,
  });
  return { sent, events };
}
