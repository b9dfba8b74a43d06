// The addon's table of descriptors: a descriptor has one owner, and a generation identifies each socket of a slot.

import { closeSync, fstatSync, openSync, readlinkSync } from "node:fs";
import { constants } from "node:os";
import { expect, test } from "vitest";
import { kernel } from "../../../src/native/load.ts";
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from "../../../src/socket/constants.ts";
import { flagsOf } from "../../support/open-descriptors.ts";
import { addressRoom, closedAtTheEnd, type Key, keyOf, loopback, open, pair } from "./descriptors.ts";
import { call, rightArguments } from "./right-arguments.ts";
import { functionNames, signatures } from "./signatures.ts";

const EBADF = -constants.errno.EBADF;
/** O_NONBLOCK and O_CLOEXEC of fcntl(2), as /proc/PID/fdinfo shows them. */
const NONBLOCK = 0o4000;
const CLOEXEC = 0o2000000;

const onSlot = functionNames.filter((name) => signatures[name][0]?.kind === "slot");

test("a reused slot has another generation", () => {
  const first = keyOf(kernel.socket(AF_INET, SOCK_STREAM, 0));
  kernel.close(...first);
  const second = open();
  expect(second[0]).toBe(first[0]);
  expect(second[1]).not.toBe(first[1]);
});

test.each(onSlot)("%s of a stale socket returns EBADF, and does not affect the next socket in its slot", (name) => {
  const stale = keyOf(kernel.socket(AF_UNIX, SOCK_STREAM, 0));
  const given = rightArguments(name, stale);
  kernel.close(...stale);
  const next = open();
  expect(next[0]).toBe(stale[0]);
  const before = kernel.openDescriptors();
  expect(call(name, given)).toBe(EBADF);
  expect(kernel.openDescriptors()).toBe(before);
  expect(kernel.fileno(...next)).toBeGreaterThanOrEqual(0);
});

test("a slot or a generation that was never used returns EBADF", () => {
  const [slot, generation] = open();
  const numbers = [0, 1, 2 ** 24 - 1, 2 ** 24, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
  for (const number of numbers) {
    if (number !== generation) expect(kernel.fileno(slot, number)).toBe(EBADF);
    if (number !== slot && number > 64) expect(kernel.fileno(number, generation)).toBe(EBADF);
  }
  expect(() => kernel.fileno(-1, generation)).toThrow(TypeError);
  expect(() => kernel.fileno(slot, -1)).toThrow(TypeError);
  expect(() => kernel.fileno(2 ** 53, generation)).toThrow(TypeError);
});

test("openDescriptors counts the open descriptors", () => {
  const before = kernel.openDescriptors();
  const one = open();
  const [two, three] = pair();
  const four = closedAtTheEnd(kernel.dup(...one));
  expect(kernel.openDescriptors()).toBe(before + 4);
  for (const key of [one, two, three, four]) kernel.close(...key);
  expect(kernel.openDescriptors()).toBe(before);
  expect(kernel.close(...one)).toBe(EBADF);
  expect(kernel.openDescriptors()).toBe(before);
});

test("a duplicate stays open when the original is closed", () => {
  const [ours, peer] = pair();
  const second = closedAtTheEnd(kernel.dup(...ours));
  expect(kernel.fileno(...second)).not.toBe(kernel.fileno(...ours));
  expect(kernel.close(...ours)).toBe(0);
  expect(kernel.send(...second, new Uint8Array(3), 0, 3, 0)).toBe(3);
  expect(kernel.recv(...peer, new Uint8Array(8), 0, 8, 0)).toBe(3);
  kernel.close(...second);
  expect(kernel.recv(...peer, new Uint8Array(8), 0, 8, 0)).toBe(0);
});

test.each([false, true])("a detached descriptor leaves the table and stays open; blocking: %s", (blocking) => {
  const key = keyOf(kernel.socket(AF_INET, SOCK_STREAM, 0));
  const before = kernel.openDescriptors();
  const number = kernel.fileno(...key);
  const descriptor = kernel.detach(...key, blocking);
  try {
    expect(descriptor).toBe(number);
    expect(kernel.openDescriptors()).toBe(before - 1);
    expect(kernel.close(...key)).toBe(EBADF);
    expect(fstatSync(descriptor).isSocket()).toBe(true);
    expect(flagsOf(descriptor) & NONBLOCK).toBe(blocking ? 0 : NONBLOCK);
  } finally {
    closeSync(descriptor);
  }
});

test("every descriptor is non-blocking and close-on-exec", () => {
  const listener = open();
  kernel.bind(...listener, loopback(0));
  kernel.listen(...listener, 1);
  const room = addressRoom();
  kernel.getsockname(...listener, room);
  const client = open();
  kernel.connect(...client, room.slice(4, 20));
  const accepted = closedAtTheEnd(kernel.accept(...listener, addressRoom()));
  const duplicate = closedAtTheEnd(kernel.dup(...client));
  const all: Key[] = [listener, client, accepted, duplicate, ...pair(SOCK_DGRAM), ...pair(SOCK_SEQPACKET)];
  for (const key of all) {
    const descriptor = kernel.fileno(...key);
    expect(readlinkSync(`/proc/self/fd/${descriptor}`)).toMatch(/^socket:/);
    expect(flagsOf(descriptor) & (NONBLOCK | CLOEXEC)).toBe(NONBLOCK | CLOEXEC);
  }
});

test("each descriptor has its own inheritable flag, and so has a duplicate", () => {
  const key = open();
  const duplicate = closedAtTheEnd(kernel.dup(...key));
  const asked = (): number[] => [kernel.getInheritable(...key), kernel.getInheritable(...duplicate)];
  expect(asked()).toEqual([0, 0]);
  expect(kernel.setInheritable(...key, true)).toBe(0);
  expect(asked()).toEqual([1, 0]);
  expect(flagsOf(kernel.fileno(...key)) & (NONBLOCK | CLOEXEC)).toBe(NONBLOCK);
  expect(kernel.setInheritable(...key, false)).toBe(0);
  expect(asked()).toEqual([0, 0]);
});

test("fromfd duplicates a descriptor of any kind as close-on-exec, and does not change the original", () => {
  const file = openSync("/dev/null", "r");
  const socket = kernel.detach(...keyOf(kernel.socket(AF_INET, SOCK_STREAM, 0)), true);
  try {
    for (const descriptor of [file, socket]) {
      const key = closedAtTheEnd(kernel.fromfd(descriptor));
      const duplicate = kernel.fileno(...key);
      expect(duplicate).not.toBe(descriptor);
      expect(flagsOf(duplicate) & (NONBLOCK | CLOEXEC)).toBe(CLOEXEC);
      expect(readlinkSync(`/proc/self/fd/${duplicate}`)).toBe(readlinkSync(`/proc/self/fd/${descriptor}`));
      expect(kernel.close(...key)).toBe(0);
      expect(() => fstatSync(descriptor)).not.toThrow();
    }
  } finally {
    closeSync(file);
    closeSync(socket);
  }
  const before = kernel.openDescriptors();
  for (const descriptor of [-1, 2 ** 30]) expect(kernel.fromfd(descriptor)).toBe(EBADF);
  expect(kernel.openDescriptors()).toBe(before);
});

test("a call that the system refuses opens nothing", () => {
  const before = kernel.openDescriptors();
  const handles = new Float64Array(2).fill(-1);
  expect(kernel.socket(999, SOCK_STREAM, 0)).toBe(-constants.errno.EAFNOSUPPORT);
  expect(kernel.socket(AF_INET, 999, 0)).toBe(-constants.errno.EINVAL);
  expect(kernel.socketpair(AF_INET, SOCK_STREAM, 0, handles)).toBe(-constants.errno.EOPNOTSUPP);
  expect([...handles]).toEqual([-1, -1]);
  expect(kernel.accept(...open(), addressRoom())).toBe(-constants.errno.EINVAL);
  expect(kernel.openDescriptors()).toBe(before + 1);
});
