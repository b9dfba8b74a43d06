// Sockets for wrong calls, and checks of what must still work afterwards. All are closed when the test ends.

import { expect } from "vitest";
import { type AddressInput, type Socket, socket, socketpair } from "../../../src/index.ts";
import { closeAtTheEnd } from "../../support/sockets.ts";

export interface Subject {
  readonly socket: Socket;
  /** Fails if the wrong call has changed the socket. */
  expectUnharmed(): Promise<void>;
}

/** Returns one end of a connection. */
export function connectedSubject(): Subject {
  const [ours, peer] = closeAtTheEnd(...socketpair());
  return {
    socket: ours,
    expectUnharmed: async () => {
      const received = ours.recv(16);
      await ours.sendall("out");
      expect(String(await peer.recv(16))).toBe("out");
      await peer.sendall("in");
      expect(String(await received)).toBe("in");
    },
  };
}

/** Returns a listening socket. */
export function listeningSubject(): Subject {
  const [server] = closeAtTheEnd(socket());
  server.bind({ host: "127.0.0.1", port: 0 });
  server.listen();
  return {
    socket: server as unknown as Socket,
    expectUnharmed: async () => {
      const [client] = closeAtTheEnd(socket());
      const accepted = server.accept();
      await client.connect(server.getsockname() as AddressInput);
      closeAtTheEnd((await accepted)[0]);
    },
  };
}

/** Returns a socket that is neither bound nor connected. */
export function fresh(): Subject {
  const [ours] = closeAtTheEnd(socket());
  return {
    socket: ours,
    expectUnharmed: async () => {
      ours.bind({ host: "127.0.0.1", port: 0 });
      expect(ours.getsockname()).toMatchObject({ host: "127.0.0.1", port: expect.any(Number) });
    },
  };
}
