// A listener that fails while its service runs is opened again; until then the service is shown as failed.
import { expect, test, vi } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import { connect } from "../../../src/server/connect.ts";
import { EINVAL } from "../../../src/socket/values.ts";
import { manualClock } from "../../../src/testing/manual-clock.ts";
import { until } from "../../support/until.ts";
import { greeter, greetingAt, running, serviceOf, urlOfService } from "./running.ts";

test("a failed listener is opened again after a second, on the same port", async () => {
  const clock = manualClock();
  const { supervisor, events } = await running([greeter("one", ["tcp://127.0.0.1:0"])], { clock });
  const url = urlOfService(supervisor, "one");
  // With port 0 it would be another port: the supervisor opens the URL of the file again.
  await supervisor.reload({ services: [greeter("one", [url])] });
  const accept = vi.spyOn(kernel, "accept").mockReturnValue(-EINVAL);
  const client = await connect(url);
  await until(() => serviceOf(supervisor, "one").state === "failed", "the failure to be seen");
  accept.mockRestore();
  client.abort();
  expect(serviceOf(supervisor, "one").error).toContain("EINVAL");
  expect(events.at(-1)).toMatchObject({ event: "failed", service: "one", retryMs: 1_000 });
  clock.advance(1_000);
  await until(() => serviceOf(supervisor, "one").state === "running", "the listener to be there again");
  expect(events.at(-1)).toEqual({ event: "recovered", service: "one" });
  expect(await greetingAt(url)).toBe("one");
});
