// getnameinfo: arguments and results.
import { afterEach, describe, expect, test } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  getnameinfo,
  NI_NAMEREQD,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  SocketError,
} from "../../../src/index.ts";
import { kernel } from "../../../src/native/load.ts";

const numeric = NI_NUMERICHOST | NI_NUMERICSERV;

test("getnameinfo returns names, or numbers if there is no name or the flags ask for numbers", async () => {
  expect(await getnameinfo({ host: "127.0.0.1", port: 80 })).toEqual(["localhost", "http"]);
  expect(await getnameinfo({ host: "127.0.0.1", port: 80 }, numeric)).toEqual(["127.0.0.1", "80"]);
  expect(await getnameinfo({ host: "::1", port: 1 }, numeric)).toEqual(["::1", "1"]);
  expect(await getnameinfo({ family: AF_INET6, host: "::1", port: 1 }, numeric)).toEqual(["::1", "1"]);
  expect(await getnameinfo({ host: "fe80::1", port: 1, scopeId: 1 }, numeric)).toEqual(["fe80::1%lo", "1"]);
  expect(await getnameinfo({ host: "", port: 1 }, numeric)).toEqual(["0.0.0.0", "1"]);
});

describe("errors", () => {
  const real = kernel.getnameinfo;
  afterEach(() => {
    kernel.getnameinfo = real;
  });

  test("an address without a name, with NI_NAMEREQD", async () => {
    kernel.getnameinfo = (_address, _flags, callback) => {
      callback(-2, 0, undefined);
      return 0;
    };
    const error: unknown = await getnameinfo({ host: "192.0.2.1", port: 1 }, NI_NAMEREQD).catch((it: unknown) => it);
    expect(error).toBeInstanceOf(SocketError);
    expect(error).toMatchObject({ code: "ENOTFOUND", syscall: "getnameinfo", hostname: "192.0.2.1" });
  });

  test("unknown flags", async () => {
    await expect(getnameinfo({ host: "127.0.0.1", port: 1 }, 1 << 20)).rejects.toMatchObject({ code: "EAI_BADFLAGS" });
  });

  test("an aborted signal", async () => {
    let answer: (() => void) | undefined;
    kernel.getnameinfo = (_address, _flags, callback) => {
      answer = () => callback(0, 0, ["late", "late"]);
      return 0;
    };
    const controller = new AbortController();
    const found = getnameinfo({ host: "127.0.0.1", port: 1 }, 0, { signal: controller.signal });
    controller.abort();
    await expect(found).rejects.toMatchObject({ code: "ABORT_ERR" });
    answer?.();
  });

  test.each([
    [[undefined], "ERR_INVALID_ARG_TYPE", /"address" argument must be of type object, such as \{ host/],
    [[null], "ERR_INVALID_ARG_TYPE", /"address"/],
    [["127.0.0.1"], "ERR_INVALID_ARG_TYPE", /"address"/],
    [[["127.0.0.1", 80]], "ERR_INVALID_ARG_TYPE", /"address"/],
    [[{ host: "localhost.example", port: 1 }], "ERR_INVALID_ARG_VALUE", /'address\.host' must be an address/],
    [[{ host: "::1", port: 1, family: AF_INET }], "ERR_INVALID_ARG_VALUE", /address\.host/],
    [[{ path: "/x", family: AF_UNIX }], "ERR_INVALID_ARG_VALUE", /'address\.family' must be AF_INET or AF_INET6/],
    [[{ host: "127.0.0.1" }], "ERR_INVALID_ARG_TYPE", /address\.port/],
    [[{ host: "127.0.0.1", port: 65_536 }], "ERR_SOCKET_BAD_PORT", /address\.port/],
    [[{ host: "127.0.0.1", port: 1 }, "numeric"], "ERR_INVALID_ARG_TYPE", /"flags"/],
    [[{ host: "127.0.0.1", port: 1 }, 2 ** 31], "ERR_OUT_OF_RANGE", /"flags"/],
    [[{ host: "127.0.0.1", port: 1 }, 0, 5], "ERR_INVALID_ARG_TYPE", /"options"/],
  ])("%j", async (given, code, message) => {
    const error: unknown = await Reflect.apply(getnameinfo, undefined, given as never).catch((it: unknown) => it);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
