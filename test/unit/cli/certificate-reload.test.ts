// When SIGHUP reads certificates again, and what is told of it.
import { expect, test } from "vitest";
import {
  type CertificateReloadEvent,
  certificateReloadWords,
  reloadCertificates,
  reloadsAtHangUp,
} from "../../../src/cli/certificate-reload.ts";

test.each<[boolean, readonly string[], boolean]>([
  [true, ["tls://127.0.0.1:0"], false],
  [true, ["TLS://127.0.0.1:0"], false],
  [true, ["tcp://127.0.0.1:0", "https+unix:/run/app.sock"], false],
  [false, ["tcp://127.0.0.1:0", "http://127.0.0.1:0", "fd:3", "tls"], false],
  [false, [], false],
  // The terminal sends it when it closes.
  [false, ["tls://127.0.0.1:0"], true],
])("%s for %j, terminal %s", (reloads, listeners, isTerminal) => {
  expect(reloadsAtHangUp(listeners, isTerminal)).toBe(reloads);
});

test("the outcome is reported, and an error without line breaks", async () => {
  const events: CertificateReloadEvent[] = [];
  await reloadCertificates(
    async () => undefined,
    (event) => events.push(event),
  );
  const failure = Object.assign(new Error("cert: a\u001bb"), { code: "ERR_X" });
  await reloadCertificates(
    () => Promise.reject(failure),
    (event) => events.push(event),
  );
  expect(events).toEqual([
    { event: "certificates-reloaded" },
    { event: "certificates-refused", code: "ERR_X", message: "cert: a\u001bb" },
  ]);
  expect(events.map(certificateReloadWords)).toEqual([
    "the certificates were read again",
    expect.stringMatching(/^the certificates were not read again, and nothing has changed: cert: a\P{Cc}+b$/u),
  ]);
});
