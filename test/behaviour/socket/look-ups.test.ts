// Lookups delay neither sockets nor files nor one another, and each of them gets its result.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { AF_INET, getaddrinfo, gethostbyaddr, getnameinfo, SOCK_STREAM, socketpair } from "../../../src/index.ts";

test("a hundred lookups, sockets and files at the same time", async () => {
  const [left, right] = socketpair();
  onTestFinished(() => {
    left.close();
    right.close();
  });
  const stream = { family: AF_INET, type: SOCK_STREAM };
  const found = Array.from({ length: 100 }, (_value, port) => getaddrinfo("localhost", port, stream));
  const entries = Promise.all([gethostbyaddr("127.0.0.1"), getnameinfo({ host: "127.0.0.1", port: 80 })]);
  for (let round = 0; round < 100; round++) {
    await left.sendall(`round ${round}`);
    expect(String(await right.recv(64))).toBe(`round ${round}`);
  }
  expect(await readFile(fileURLToPath(import.meta.url), "utf8")).toContain("files at the same time");
  const ports = (await Promise.all(found)).map(([first]) => first?.address.port);
  expect(ports).toEqual(Array.from({ length: 100 }, (_value, port) => port));
  expect(await entries).toEqual([
    ["localhost", expect.any(Array), expect.arrayContaining(["127.0.0.1"])],
    ["localhost", "http"],
  ]);
});

test("aborted lookups free their places for others", async () => {
  const controller = new AbortController();
  const given = Array.from({ length: 50 }, () => getaddrinfo("localhost", 1, { signal: controller.signal }));
  controller.abort();
  const results = await Promise.allSettled(given);
  expect(results.map(({ status }) => status)).toEqual(given.map(() => "rejected"));
  expect(await getaddrinfo("localhost", 1)).not.toEqual([]);
});
