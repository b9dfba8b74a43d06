// A service of your own for `sockwright up`: see docs/guides/service-modules.md.
import type { Connection, Service } from "sockwright/server";

/** Says the time until the client leaves. The file gives the options: options = { seconds = 5 } */
export default function clock({ seconds = 1 } = {}): Service {
  return {
    name: "clock",
    async stream(connection: Connection) {
      const say = () => connection.write(`${new Date().toISOString()}\n`);
      const timer = setInterval(say, seconds * 1_000);
      say();
      try {
        // Until the client ends, or the server closes.
        while ((await connection.read()) !== undefined);
      } finally {
        clearInterval(timer);
      }
    },
  };
}
