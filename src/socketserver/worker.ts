// The program of a worker thread of ThreadingMixIn: it handles one request after another, each with a new handler.
import { parentPort, workerData } from "node:worker_threads";
import { fromfd } from "../socket/internal.ts";
import { doneReport, type HandlerReport, thrownReport } from "./handler-report.ts";
import { type HandlerLocation, importHandler } from "./module-handler.ts";
import { type RequestMessage, runHandler } from "./request-message.ts";

/** A request for a worker. The worker duplicates the descriptor; the server keeps its own open until the report. */
export interface WorkerRequest extends RequestMessage {
  readonly descriptor: number;
}

/** The message of a worker that has imported its modules, or failed to. */
export const IMPORTED = "sockwright:socketserver:imported";

const location: HandlerLocation = workerData;
const importing = importHandler(location);
const notifyImported = (): void => parentPort?.postMessage(IMPORTED);
importing.then(notifyImported, notifyImported);

parentPort?.on("message", (request: WorkerRequest) => {
  void serve(request).then((report) => parentPort?.postMessage(report));
});

async function serve(request: WorkerRequest): Promise<HandlerReport> {
  try {
    // Duplicate the descriptor first: the import may take long, and the peer may act meanwhile.
    const socket = fromfd(request.descriptor, request.family, request.type, request.protocol);
    try {
      await runHandler(await importing, request, socket);
    } finally {
      socket.close();
    }
    return doneReport();
  } catch (thrown) {
    return thrownReport(thrown);
  }
}
