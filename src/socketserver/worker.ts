// The program of a worker thread of ThreadingMixIn: one request after another, each with a handler of its own.
import { parentPort, workerData } from "node:worker_threads";
import { fromfd } from "../socket/internal.ts";
import { type Carried, carry } from "./carried-error.ts";
import { type HandedRequest, runHandler } from "./handed-request.ts";
import { type HandlerPlace, importHandler } from "./module-handler.ts";

/** A request for a worker, whose socket it duplicates: the number stays its owner's until the answer. */
export interface WorkerRequest extends HandedRequest {
  readonly descriptor: number;
}

/** What a worker says of a request: that it is done, or what its handler threw. */
export interface WorkerAnswer {
  readonly thrown?: Carried;
}

const place: HandlerPlace = workerData;

parentPort?.on("message", (request: WorkerRequest) => {
  void serve(request).then((answer) => parentPort?.postMessage(answer));
});

async function serve(request: WorkerRequest): Promise<WorkerAnswer> {
  try {
    // First of all, and at once: the importing may take its time, and the peer go on meanwhile.
    const socket = fromfd(request.descriptor, request.family, request.type, request.protocol);
    try {
      await runHandler(await importHandler(place), request, socket);
    } finally {
      socket.close();
    }
    return {};
  } catch (thrown) {
    return { thrown: carry(thrown) };
  }
}
