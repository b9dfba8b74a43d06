import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { http } from "../../src/http/service/http.ts";
import type { HttpRequest } from "../../src/http.ts";
import type { Service } from "../../src/server/service.ts";

/** A page for each path, and a WebSocket echo of `ws`; the message "close" is answered with a close frame, 4000. */
export function echoingPages(): Service {
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on("connection", (socket: WebSocket) =>
    socket.on("message", (data, isBinary) => {
      if (!isBinary && String(data as Buffer) === "close") socket.close(4_000, "enough");
      else socket.send(data, { binary: isBinary });
    }),
  );
  return http((request) => {
    if (request.upgrade !== "websocket") {
      return { headers: { "Content-Type": "text/html; charset=utf-8" }, body: "<!DOCTYPE html><p>plain</p>" };
    }
    return {
      takeOver: (connection) => {
        const stream = connection.stream();
        sockets.handleUpgrade(incomingMessage(request, stream), stream, Buffer.alloc(0), (socket) => {
          sockets.emit("connection", socket);
        });
      },
    };
  });
}

/** The parts of a request that `ws` reads. */
function incomingMessage(request: HttpRequest, stream: unknown): IncomingMessage {
  const incoming = new IncomingMessage(stream as Socket);
  const headers = Object.fromEntries([...request.headers].map(([name, value]) => [name.toLowerCase(), value]));
  return Object.assign(incoming, { method: request.method, url: request.target, headers });
}
