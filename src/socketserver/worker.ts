// The program of a worker thread of ThreadingMixIn: one request after another, each with a handler of its own.
import { parentPort, workerData } from "node:worker_threads";
import { fromfd } from "../socket/internal.ts";
import { type HandedRequest, runHandler } from "./handed-request.ts";
import { doneReport, type HandlerReport, thrownReport } from "./handler-report.ts";
import { type HandlerPlace, importHandler } from "./module-handler.ts";

/** A request for a worker, whose socket it duplicates: the number stays its owner's until the answer. */
export interface WorkerRequest extends HandedRequest {
  readonly descriptor: number;
}

/** What a worker says when its modules are there, or cannot be imported. */
export const IMPORTED = "sockwright:socketserver:imported";

const place: HandlerPlace = workerData;
const importing = importHandler(place);
const imported = (): void => parentPort?.postMessage(IMPORTED);
importing.then(imported, imported);

parentPort?.on("message", (request: WorkerRequest) => {
  void serve(request).then((report) => parentPort?.postMessage(report));
});

async function serve(request: WorkerRequest): Promise<HandlerReport> {
  try {
    // First of all, and at once: the importing may take its time, and the peer go on meanwhile.
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
