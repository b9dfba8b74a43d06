import { describe, expect, test } from "vitest";
import type { HttpContext, HttpRequest } from "../../../src/http.ts";
import type { InternetUrl, SocketUrl } from "../../../src/server/url/socket-url.ts";
import { PageAccess } from "../../../src/services/page-access.ts";

const LOOPBACK: InternetUrl = { scheme: "http", host: "127.0.0.1", port: 8080 };

interface Asked {
  readonly authority: string;
  readonly origin?: string | undefined;
  readonly at?: SocketUrl;
  readonly hosts?: readonly string[];
}

/** The parts of a request that are checked. */
function requestOf({ authority, origin, at = LOOPBACK }: Asked): [HttpRequest, HttpContext] {
  const headers = { get: (name: string) => (name === "Origin" ? origin : undefined) };
  const request: unknown = { authority, headers };
  const context: unknown = { connection: { owner: { at } } };
  return [request as HttpRequest, context as HttpContext];
}

/** Returns 200 when the check passes, otherwise the status of its error. */
function statusOf(check: () => void): unknown {
  try {
    check();
    return 200;
  } catch (error) {
    return error instanceof Error && "status" in error ? error.status : error;
  }
}

const ofHost = (asked: Asked): unknown => statusOf(() => new PageAccess(asked.hosts).checkHost(...requestOf(asked)));
const ofOrigin = (asked: Asked): unknown =>
  statusOf(() => new PageAccess(asked.hosts).checkOrigin(...requestOf(asked)));

describe("the host of a request", () => {
  const HERE = [
    "127.0.0.1:8080",
    "127.0.0.1",
    "localhost:8080",
    "LOCALHOST",
    "chat.localhost:1",
    "[::1]:8080",
    "127.9.9.9",
  ];
  test.for(HERE)("a loopback name is accepted: %s", (authority) => {
    expect(ofHost({ authority })).toBe(200);
  });

  const ELSEWHERE = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "192.0.2.1:8080",
    "",
    "a b",
    "[::2]",
  ];
  test.for(ELSEWHERE)("another host is refused: %j", (authority) => {
    expect(ofHost({ authority })).toBe(421);
  });

  test("the address of the listener is accepted", () => {
    const at: SocketUrl = { scheme: "http", host: "192.0.2.1", port: 80 };
    expect(ofHost({ authority: "192.0.2.1", at })).toBe(200);
    expect(ofHost({ authority: "192.0.2.2", at })).toBe(421);
    expect(ofHost({ authority: "[2001:db8::1]", at: { scheme: "http", host: "2001:db8::1", port: 80 } })).toBe(200);
    expect(
      ofHost({ authority: "Chat.Example.org:80", at: { scheme: "http", host: "chat.example.org", port: 80 } }),
    ).toBe(200);
  });

  test.for(["*", "0.0.0.0", "::"])("a listener on all addresses accepts any address, but no name: %s", (host) => {
    const at: SocketUrl = { scheme: "http", host, port: 80 };
    expect(ofHost({ authority: "192.0.2.1", at })).toBe(200);
    expect(ofHost({ authority: "[2001:db8::1]:80", at })).toBe(200);
    expect(ofHost({ authority: "evil.example", at })).toBe(421);
  });

  test("a listener on a Unix socket accepts loopback names and the configured hosts", () => {
    const at: SocketUrl = { scheme: "http+unix", path: "/run/chat.sock" };
    expect(ofHost({ authority: "localhost", at })).toBe(200);
    expect(ofHost({ authority: "chat.example.org", at })).toBe(421);
    expect(ofHost({ authority: "chat.example.org", at, hosts: ["https://chat.example.org"] })).toBe(200);
  });

  test("a configured host matches any port, or only its own port if it has one", () => {
    const hosts = ["chat.example.org", "other.example.org:8443"];
    expect(ofHost({ authority: "CHAT.example.org:1", hosts })).toBe(200);
    expect(ofHost({ authority: "other.example.org:8443", hosts })).toBe(200);
    expect(ofHost({ authority: "other.example.org", hosts })).toBe(421);
    expect(ofHost({ authority: "not.chat.example.org", hosts })).toBe(421);
  });

  test.for(["", "a/b", "https://a/b", "a b", "ftp://a", "user@a", "a?b"])("no host: %j", (host) => {
    expect(() => new PageAccess([host])).toThrow(TypeError);
  });
});

describe("the origin of a request", () => {
  const authority = "localhost:8080";

  test("a missing origin, as from a program, is accepted", () => {
    expect(ofOrigin({ authority })).toBe(200);
  });

  test("the same scheme, host and port are accepted", () => {
    expect(ofOrigin({ authority, origin: "http://localhost:8080" })).toBe(200);
    expect(ofOrigin({ authority: "LOCALHOST:80", origin: "http://localhost" })).toBe(200);
  });

  const OTHERS = [
    "null",
    "",
    "http://localhost",
    "http://localhost:8081",
    "https://localhost:8080",
    "http://127.0.0.1:8080",
    "http://evil.example",
    "http://localhost:8080, http://evil.example",
    "http://localhost:8080.evil.example",
  ];
  test.for(OTHERS)("another origin is refused: %j", (origin) => {
    expect(ofOrigin({ authority, origin })).toBe(403);
  });

  test("behind a TLS proxy, the origin from the hosts option is accepted", () => {
    const hosts = ["https://chat.example.org"];
    expect(ofOrigin({ authority: "chat.example.org", origin: "https://chat.example.org", hosts })).toBe(200);
    expect(ofOrigin({ authority: "localhost", origin: "https://chat.example.org", hosts })).toBe(403);
    expect(ofOrigin({ authority: "chat.example.org", origin: "https://evil.example", hosts })).toBe(403);
  });
});
