// The program of a child process of ForkingMixIn: one request, whose socket is the descriptor that it was started with.
import { adopt, type Socket } from "../socket/internal.ts";
import { SHUT_WR, SocketError } from "../socket/values.ts";
import { type HandedRequest, runHandler } from "./handed-request.ts";
import { thrownReport } from "./handler-report.ts";
import { type HandlerPlace, importHandler } from "./module-handler.ts";

/** What a child is told. */
export interface ProcessRequest {
  readonly place: HandlerPlace;
  readonly request: HandedRequest;
}

/** Where the parent has put the request's socket. */
export const REQUEST_DESCRIPTOR = 3;
/** Node's own exit code of a program that awaits what nothing can settle any more. */
const UNSETTLED = 13;

process.once("message", (message: ProcessRequest) => void serve(message));
// What is thrown beside the handler ends the process as ever. The parent tells of it, and not Node, unless the handler does.
process.on("uncaughtException", (thrown) => {
  if (process.listenerCount("uncaughtException") === 1) fail(thrown, 1);
});
process.once("beforeExit", () => fail(new Error("The handler awaits what nothing can settle any more"), UNSETTLED));

/** Python's order in the child: the handler, its failure, the request's end, and the process's. */
async function serve({ place, request }: ProcessRequest): Promise<void> {
  let failure: { thrown: unknown } | undefined;
  let socket: Socket<unknown> | undefined;
  try {
    socket = adopt(REQUEST_DESCRIPTOR);
    await runHandler(await importHandler(place), request, socket);
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

/** Exits when the parent has been told why, if it is still there. */
function fail(thrown: unknown, exitCode: number): void {
  if (process.connected && process.send !== undefined) process.send(thrownReport(thrown), () => process.exit(exitCode));
  else process.exit(exitCode);
}
