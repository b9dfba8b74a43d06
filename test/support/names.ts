// Host names whose addresses the test chooses: it replaces getaddrinfo(3), so that no name server is asked.
import { isIPv6 } from "node:net";
import { type MockInstance, onTestFinished, vi } from "vitest";
import type { FoundAddress, Kernel } from "../../src/native/kernel.ts";
import { kernel } from "../../src/native/load.ts";
import { AF_INET, AF_INET6, SOCK_STREAM } from "../../src/socket/constants.ts";

/** From now until the test ends, every name has these addresses; a lookup for one family returns those of it. Returns the spy. */
export function nameHas(...hosts: readonly string[]): MockInstance<Kernel["getaddrinfo"]> {
  return onLookUp((_name, service, family, type, _proto, _flags, callback) => {
    const wanted = hosts.filter((host) => family === 0 || isIPv6(host) === (family === AF_INET6));
    const found = wanted.map((host) => foundAddress(host, Number(service), type));
    setImmediate(() => callback(found.length === 0 ? -2 : 0, 0, found.length === 0 ? undefined : found));
    return 0;
  });
}

/** From now until the test ends, a lookup completes when the test completes it. */
export function lookUpWaits(): { readonly found: (...hosts: readonly string[]) => void } {
  const waiting: ((hosts: readonly string[]) => void)[] = [];
  onLookUp((_name, service, _family, type, _proto, _flags, callback) => {
    waiting.push((hosts) =>
      callback(
        0,
        0,
        hosts.map((host) => foundAddress(host, Number(service), type)),
      ),
    );
    return 0;
  });
  // The number of concurrent lookups is limited: each returns its place at the end.
  const found = (...hosts: readonly string[]): void => {
    for (const end of waiting.splice(0)) end(hosts);
  };
  onTestFinished(() => found("127.0.0.1"));
  return { found };
}

function onLookUp(answer: Kernel["getaddrinfo"]): MockInstance<Kernel["getaddrinfo"]> {
  const spy = vi.spyOn(kernel, "getaddrinfo").mockImplementation(answer);
  onTestFinished(() => spy.mockRestore());
  return spy;
}

function foundAddress(host: string, port: number, type: number): FoundAddress {
  const family = isIPv6(host) ? AF_INET6 : AF_INET;
  const sockaddr = new Uint8Array(family === AF_INET ? 16 : 28);
  const view = new DataView(sockaddr.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  kernel.inet_pton(family, host, sockaddr.subarray(family === AF_INET ? 4 : 8));
  return { family, type: type || SOCK_STREAM, protocol: 6, canonname: "", sockaddr };
}
