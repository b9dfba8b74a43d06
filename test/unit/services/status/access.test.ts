import { describe, expect, test } from "vitest";
import { Fields } from "../../../../src/http/fields.ts";
import { Access, needsToken, WRONG_TOKEN_RATE } from "../../../../src/services/status/access.ts";
import { SESSION_MS, SessionCookie } from "../../../../src/services/status/session-cookie.ts";
import { manualClock } from "../../../../src/testing.ts";

const TOKEN = "0123456789abcdef";
const NEAR = { host: "127.0.0.1", port: 1 };
const FAR = { host: "192.0.2.1", port: 1 };

function asked(fields: Readonly<Record<string, string>> = {}): { readonly headers: Fields } {
  return { headers: Fields.of(Object.entries(fields)) };
}

function bearing(token: string): { readonly headers: Fields } {
  return asked({ Authorization: `Bearer ${token}` });
}

describe("without a token", () => {
  const access = new Access(undefined, manualClock());

  test.each([
    NEAR,
    { host: "127.8.9.10", port: 1 },
    { host: "::1", port: 1 },
    { host: "::ffff:127.0.0.1", port: 1 },
    { path: "" as const },
    { path: "/tmp/x" },
    { abstract: "x" },
  ])("%j has access", (peer) => {
    expect(access.judge(asked(), peer)).toBe("allowed");
  });

  test.each([
    FAR,
    { host: "::1%eth0x", port: 1 },
    { host: "::ffff:192.0.2.1", port: 1 },
    { host: "fe80::1%lo", port: 1 },
    { cid: 2, port: 1 },
  ])("%j has no access, whatever a proxy header says", (peer) => {
    const fields = { "X-Forwarded-For": "127.0.0.1", Forwarded: "for=127.0.0.1", "X-Real-IP": "127.0.0.1" };
    expect(access.judge(asked(fields), peer)).toBe("not-local");
    expect(access.judge(bearing(TOKEN), peer)).toBe("not-local");
  });

  test("any token is wrong", () => {
    expect(access.checkToken("undefined", NEAR)).toBe("wrong-token");
  });
});

describe("with a token", () => {
  test.each([NEAR, FAR, { path: "" as const }])("%j needs it", (peer) => {
    const access = new Access(TOKEN, manualClock());
    expect(access.judge(asked(), peer)).toBe("no-token");
    expect(access.judge(asked({ Authorization: `Basic ${TOKEN}` }), peer)).toBe("no-token");
    expect(access.judge(bearing(TOKEN.slice(1)), peer)).toBe("wrong-token");
    expect(access.judge(bearing(TOKEN), peer)).toBe("allowed");
    expect(access.wrongTokens).toBe(1);
  });

  test("WRONG_TOKEN_RATE limits the wrong tokens of an address, and allows one more after a while", () => {
    const clock = manualClock();
    const access = new Access(TOKEN, clock);
    const { burst = 0, perSecond } = WRONG_TOKEN_RATE;
    for (let tries = 0; tries < burst; tries++) expect(access.judge(bearing("x"), FAR)).toBe("wrong-token");
    expect(access.judge(bearing("x"), FAR)).toBe("too-many-wrong");
    // Otherwise an attacker could use further attempts to test tokens.
    expect(access.judge(bearing(TOKEN), FAR)).toBe("too-many-wrong");
    expect(access.wrongTokens).toBe(burst + 2);
    expect(access.judge(bearing(TOKEN), NEAR)).toBe("allowed");
    clock.advance(1_000 / perSecond);
    expect(access.judge(bearing("x"), FAR)).toBe("wrong-token");
    clock.advance(1_000 / perSecond);
    expect(access.judge(bearing(TOKEN), FAR)).toBe("allowed");
  });

  test("a session stays valid, also from an address that has used up its attempts", () => {
    const access = new Access(TOKEN, manualClock());
    for (let tries = 0; tries < 20; tries++) access.checkToken("x", FAR);
    const [cookie = ""] = access.sessions.make(Date.now(), { mountPath: "" }, false).split(";");
    expect(access.judge(asked({ Cookie: `a=b; ${cookie}; c=d` }), FAR)).toBe("allowed");
    expect(new Access(TOKEN, manualClock()).judge(asked({ Cookie: cookie }), FAR)).toBe("no-token");
  });
});

describe("a session cookie", () => {
  const sessions = new SessionCookie();
  const cookie = sessions.make(1_000, { mountPath: "/status" }, true);
  const [pair = ""] = cookie.split(";");

  test("is hidden from scripts and from other sites", () => {
    expect(cookie).toMatch(/; Path=\/status\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/);
    expect(sessions.make(1, { mountPath: "/a;b" }, false)).toContain("; Path=/; ");
  });

  test("ends", () => {
    expect(sessions.isValidIn(asked({ Cookie: pair }), 999 + SESSION_MS)).toBe(true);
    expect(sessions.isValidIn(asked({ Cookie: pair }), 1_000 + SESSION_MS)).toBe(false);
  });

  test.each([
    pair.replace(/=\d/, "=9"),
    `${pair}x`,
    pair.slice(0, -2),
    pair.split(".")[0] ?? "",
    "sockwright-status=",
    "",
  ])("cannot be forged: %j", (forged) => {
    expect(sessions.isValidIn(asked({ Cookie: forged }), 1_000)).toBe(false);
  });
});

test.each([
  ["http://127.0.0.1:80", false],
  ["http://[::1]:80", false],
  ["http://localhost:80", false],
  ["http+unix:/tmp/x", false],
  ["unix:@x", false],
  ["systemd:web", false],
  ["http://*:80", true],
  ["http://0.0.0.0:80", true],
  ["http://[::]:80", true],
  ["http://192.0.2.1:80", true],
  ["http://localhost.example.org:80", true],
  ["http://127.0.0.1.example.org:80", true],
  ["vsock://*:80", true],
])("a listener on %s needs a token: %s", (url, expected) => {
  expect(needsToken(url)).toBe(expected);
});
