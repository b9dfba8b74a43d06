// The program of a child process of ForkingMixIn: it handles one request, whose socket is an inherited descriptor.
import { adopt, type Socket } from "../socket/internal.ts";
import { SHUT_WR, SocketError } from "../socket/values.ts";
import { thrownReport } from "./handler-report.ts";
import { type HandlerLocation, importHandler } from "./module-handler.ts";
import { type RequestMessage, runHandler } from "./request-message.ts";

/** The message from which a child learns its handler and its request. */
export interface ProcessRequest {
  readonly location: HandlerLocation;
  readonly request: RequestMessage;
}

/** The number of the descriptor of the request's socket in the child. */
export const REQUEST_DESCRIPTOR = 3;
/** Node's exit code of a program that awaits a promise that cannot settle any more. */
const UNSETTLED = 13;

process.once("message", (message: ProcessRequest) => void serve(message));
// An uncaught error ends the process as usual. The parent reports it instead of Node, unless the handler has its own listener.
process.on("uncaughtException", (thrown) => {
  if (process.listenerCount("uncaughtException") === 1) fail(thrown, 1);
});
process.once("beforeExit", () =>
  fail(new Error("The handler awaits a promise that cannot settle any more"), UNSETTLED),
);

/** Serves the request in Python's order: runs the handler, records its failure, ends the request, exits. */
async function serve({ location, request }: ProcessRequest): Promise<void> {
  let failure: { thrown: unknown } | undefined;
  let socket: Socket<unknown> | undefined;
  try {
    socket = adopt(REQUEST_DESCRIPTOR);
    await runHandler(await importHandler(location), request, socket);
  } catch (thrown) {
    failure = { thrown };
  }
  if (request.data === undefined) shutDown(socket);
  socket?.close();
  if (failure === undefined) process.exit(0);
  else fail(failure.thrown, 1);
}

function shutDown(socket: Socket<unknown> | undefined): void {
  if (socket === undefined || socket.closed) return;
  try {
    socket.shutdown(SHUT_WR);
  } catch (error) {
    // ENOTCONN: the peer has gone.
    if (!(error instanceof SocketError)) throw error;
  }
}

/** Reports the error to the parent, if it still runs, and exits. */
function fail(thrown: unknown, exitCode: number): void {
  if (process.connected && process.send !== undefined) process.send(thrownReport(thrown), () => process.exit(exitCode));
  else process.exit(exitCode);
}
