import type { Supervisor } from "../supervisor.ts";
import { AdminError } from "./admin-error.ts";
import { type AdminDone, MAX_LISTED_CONNECTIONS } from "./admin-protocol.ts";
import type { AdminActions } from "./admin-server.ts";

/** What a program adds to the commands of its supervisor: the reload of its plan, and the stop. */
export interface Ending {
  /** Settles when the plan has been read again and is in effect. Rejects with the mistakes of the plan. */
  reload(): Promise<void>;
  /** Settles when all services have ended. */
  stop(): Promise<void>;
}

const DONE: AdminDone = {};

/** Returns the actions of an admin socket's commands, which act on the services of a supervisor. */
export function adminActions(supervisor: Supervisor, { reload, stop }: Ending): AdminActions {
  const { overview } = supervisor;
  return {
    status: () => ({
      pid: process.pid,
      uptimeMs: Math.round(process.uptime() * 1_000),
      services: overview.services(),
      httpListeners: overview.httpListeners(),
      alarms: overview.alarms(),
    }),
    connections() {
      const all = overview.connections();
      return { total: all.length, connections: all.slice(0, MAX_LISTED_CONNECTIONS) };
    },
    kill(id) {
      if (overview.abort(id)) return DONE;
      throw new AdminError("ERR_SOCKWRIGHT_NO_CONNECTION", `no connection ${id} is open`);
    },
    async reload() {
      await reload();
      return DONE;
    },
    async drain(service) {
      if (await supervisor.drain(service)) return DONE;
      const names = overview.services().map(({ name }) => name);
      throw new AdminError(
        "ERR_SOCKWRIGHT_NO_SERVICE",
        `there is no service ${JSON.stringify(service)}: there are ${names.join(", ")}`,
      );
    },
    async stop() {
      await stop();
      return DONE;
    },
  };
}
