// One service without a file: the flags of a command are the keys of a file.
import { expect, test } from "vitest";
import { planOfFlags } from "../../../../src/supervisor/file/plan-of-flags.ts";

test("the flags of a service become a plan", () => {
  const listen = ["tcp://127.0.0.1:7000", "http://127.0.0.1:8080/"];
  const flags = { kind: "chat", listen, history: "chat.db", retain: "30d", "idle-timeout": "5m", grace: "1s" };
  expect(planOfFlags(flags, "/srv")).toEqual({
    plan: {
      adminSocket: "/srv/sockwright.sock",
      services: [
        {
          name: "chat",
          source: { type: "kind", kind: "chat", options: { history: "/srv/chat.db", retainMs: 2_592_000_000 } },
          listeners: [
            { listener: { url: "tcp://127.0.0.1:7000" }, mount: undefined },
            { listener: { url: "http://127.0.0.1:8080" }, mount: "/" },
          ],
          limits: { idleTimeoutMs: 300_000 },
          http: {},
          graceMs: 1_000,
        },
      ],
      user: undefined,
      group: undefined,
    },
  });
});

test("each mistake names its flag", () => {
  const flags = { kind: "chat", listen: ["tcp://127.0.0.1:7000", "localhost"], "max-members": "0", retane: "30d" };
  expect(planOfFlags(flags, "/srv")).toEqual({
    mistakes: [
      "--retane is no key of a chat service; did you mean retain?",
      '--max-members is "0"; it must be 1 to 2147483647',
      '--listen: "localhost" has no scheme; write tcp://localhost:PORT',
    ].sort((one, other) => Number(other.includes("max-members")) - Number(one.includes("max-members"))),
  });
  expect(planOfFlags({ kind: "web", listen: "http://127.0.0.1:0/" }, "/srv")).toEqual({
    mistakes: ['the web service has no root; write it, such as root = "public"'],
  });
});
