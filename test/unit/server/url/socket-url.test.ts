import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { connect, formatSocketUrl, parseSocketUrl, SocketUrlError } from "../../../../src/server.ts";

describe("parseSocketUrl returns the fields of a URL", () => {
  test.each([
    ["tcp://127.0.0.1:8000", { scheme: "tcp", host: "127.0.0.1", port: 8000 }],
    ["tcp://localhost:0", { scheme: "tcp", host: "localhost", port: 0 }],
    ["tcp://example.org:65535/", { scheme: "tcp", host: "example.org", port: 65_535 }],
    ["udp://[::1]:9000", { scheme: "udp", host: "::1", port: 9000 }],
    ["udp://[fe80::1%lo]:9000", { scheme: "udp", host: "fe80::1%lo", port: 9000 }],
    ["unix:/run/chat.sock", { scheme: "unix", path: "/run/chat.sock" }],
    ["unix:///run/chat.sock", { scheme: "unix", path: "/run/chat.sock" }],
    ["unix:chat.sock", { scheme: "unix", path: "chat.sock" }],
    ["unix:8000", { scheme: "unix", path: "8000" }],
    ["unix-dgram:./log socket", { scheme: "unix-dgram", path: "./log socket" }],
    ["unix-seqpacket:@chat", { scheme: "unix-seqpacket", abstract: "chat" }],
    ["tcp://*:8000", { scheme: "tcp", host: "*", port: 8000 }],
    ["tcp://[::]:8000?ipv6only", { scheme: "tcp", host: "::", port: 8000, ipv6only: true }],
    ["udp://255.255.255.255:9000?broadcast", { scheme: "udp", host: "255.255.255.255", port: 9000, broadcast: true }],
    ["udp://*:9000?group=239.1.1.1", { scheme: "udp", host: "*", port: 9000, group: "239.1.1.1" }],
    [
      "udp://[::]:9000?group=ff3e::1&source=2001:db8::1&interface=eth0",
      { scheme: "udp", host: "::", port: 9000, group: "ff3e::1", source: "2001:db8::1", interface: "eth0" },
    ],
    ["udp://232.1.1.1:9000?source=192.0.2.1", { scheme: "udp", host: "232.1.1.1", port: 9000, source: "192.0.2.1" }],
    [
      "unix:/run/x.sock?mode=660&owner=0&group=www%26data",
      { scheme: "unix", path: "/run/x.sock", mode: 0o660, owner: "0", group: "www&data" },
    ],
    ["unix-dgram:what%3F?mode=0600", { scheme: "unix-dgram", path: "what?", mode: 0o600 }],
    ["vsock://2:5000", { scheme: "vsock", cid: 2, port: 5000 }],
    ["vsock://*:5000", { scheme: "vsock", cid: 0xffffffff, port: 5000 }],
    ["vsock://4294967295:0/", { scheme: "vsock", cid: 0xffffffff, port: 0 }],
    ["vsock://0:4294967294", { scheme: "vsock", cid: 0, port: 4_294_967_294 }],
    ["unix:x?mode=007", { scheme: "unix", path: "x", mode: 0o007 }],
    ["fd:3", { scheme: "fd", fd: 3 }],
    ["systemd:web", { scheme: "systemd", name: "web" }],
    ["systemd:", { scheme: "systemd", name: "" }],
    ["unix:100%", { scheme: "unix", path: "100%" }],
    ["unix:%253F%25%3F", { scheme: "unix", path: "%3F%?" }],
    ["unix:@what%3f", { scheme: "unix", abstract: "what?" }],
  ])("%s", (text, url) => {
    expect(parseSocketUrl(text)).toEqual(url);
    expect(parseSocketUrl(formatSocketUrl(parseSocketUrl(text)))).toEqual(url);
  });
});

describe("an invalid URL is rejected with the correction", () => {
  test.each([
    ["", "has no scheme: write tcp://127.0.0.1:8000"],
    ["8000", "has no scheme: write tcp://127.0.0.1:8000"],
    ["localhost:9000", "has no scheme: write tcp://localhost:9000"],
    ["127.0.0.1:9000", "has no scheme: write tcp://127.0.0.1:9000"],
    ["tpc://127.0.0.1:9000", "begins with tpc:, which is no kind of socket: did you mean tcp:?"],
    ["gopher://127.0.0.1/", "there are tcp, udp, unix, unix-dgram, unix-seqpacket, vsock, fd, systemd"],
    ["tcp:127.0.0.1:9000", "lacks the slashes: write tcp://127.0.0.1:9000"],
    ["tcp://127.0.0.1", "has no port: write tcp://127.0.0.1:8000"],
    ["tcp://", "has no port: write tcp://127.0.0.1:8000"],
    ["tcp://:9000", "has no host: write tcp://127.0.0.1:9000, or tcp://*:9000 for every address"],
    ["tcp://127.0.0.1:65536", 'has the port "65536": a port is a number from 0 to 65535'],
    ["tcp://127.0.0.1:-1", 'has the port "-1": a port is a number from 0 to 65535'],
    ["tcp://127.0.0.1:http", 'has the port "http": a port is a number from 0 to 65535'],
    ["tcp://127.0.0.1:", 'has the port "": a port is a number from 0 to 65535'],
    ["tcp://::1:9000", "has an IPv6 address without brackets: write tcp://[::1]:9000"],
    ["tcp://::1", "has an IPv6 address without brackets: write tcp://[::1]:8000"],
    ["udp://fe80::1%eth0", "has an IPv6 address without brackets: write udp://[fe80::1%eth0]:8000"],
    ["tcp://[::1]", "has no port behind the bracket: write tcp://[::1]:8000"],
    ["tcp://[2001:db8::7]", "has no port behind the bracket: write tcp://[2001:db8::7]:8000"],
    ["tcp://[127.0.0.1]:9000", "has brackets around what is no IPv6 address: write tcp://127.0.0.1:9000"],
    ["tcp://[:x:]:9000", "has brackets around what is no IPv6 address: write tcp://[::1]:9000"],
    ["tcp://[host:9000", "has one bracket alone: write tcp://[::1]:9000"],
    ["tcp://a\0b:9000", "has more than a host and a port: write tcp://HOST:PORT"],
    ["tcp://user@host:9000", "has more than a host and a port: write tcp://HOST:PORT"],
    ["tcp://host:9000/path", "has more than a host and a port: write tcp://HOST:PORT"],
    ["tcp://host:9000?x=1", 'has the option "x", which its kind of socket does not have: there are ipv6only'],
    ["tcp://[::]:9000?", "has an empty option: there are ipv6only"],
    ["tcp://[::]:9000?ipv6only=1", "has a value for ipv6only, which takes none: write ?ipv6only"],
    [
      "tcp://[::]:9000?ip6only",
      'has the option "ip6only", which its kind of socket does not have: did you mean ipv6only?',
    ],
    [
      "tls://localhost:9000?cafile=ca.pem",
      'has the option "cafile", which its kind of socket does not have: did you mean ca?',
    ],
    ["tcp://[::]:9000?ipv6only&ipv6only", "has the option ipv6only twice"],
    [
      "tcp://0.0.0.0:9000?ipv6only",
      "has ipv6only and no IPv6 address: leave it out, or write tcp://[::]:9000?ipv6only to listen",
    ],
    [
      "tcp://*:9000?ipv6only",
      "has ipv6only and no IPv6 address: leave it out, or write tcp://[::]:9000?ipv6only to listen",
    ],
    ["tcp://239.1.1.1:9000", "has a multicast group, which only UDP has: write udp://239.1.1.1"],
    ["udp://*:9000?group=10.0.0.1", 'has the group "10.0.0.1": groups are 224.0.0.0 to 239.255.255.255, and IPv6'],
    ["udp://*:9000?group=all", 'has the group "all", which is no address: write group=239.1.1.1'],
    ["udp://*:9000?group", "has the option group without a value: write group=239.1.1.1"],
    [
      "udp://127.0.0.1:9000?group=239.1.1.1",
      "has a group, whose datagrams do not come to its host: write udp://*:9000?group=239.1.1.1",
    ],
    ["udp://*:9000?source=192.0.2.1", "has a source without a group: add group=232.1.1.1"],
    ["udp://[::]:9000?group=239.1.1.1", "mixes IPv4 and IPv6: its host, group and source have to be of one family"],
    ["udp://*:9000?group=239.1.1.1&source=::1", "mixes IPv4 and IPv6"],
    ["udp://*:9000?group=239.1.1.1&interface=", "has the option interface without a value: write interface=eth0"],
    ["unix:/x?mode=999", 'has the mode "999": a mode is three octal digits, as in mode=660'],
    ["unix:/x?mode=4755", 'has the mode "4755": a mode is three octal digits'],
    ["unix:/x?mode=rw", 'has the mode "rw": a mode is three octal digits'],
    ["unix:/x?mdoe=660", 'has the option "mdoe", which its kind of socket does not have: did you mean mode?'],
    ["unix:/x?group=", "has the option group without a value: write group=www-data"],
    ["unix:/x?group=%", "has a % that begins no character: write %25 for a % itself"],
    ["unix:@x?mode=660", 'has the option "mode", which its kind of socket does not have: there are proxy-from'],
    ["unix-dgram:@x?mode=660", "has options, of which this kind of socket has none: leave out what follows the ?"],
    ["vsock:2:5000", "lacks the slashes: write vsock://2:5000"],
    ["vsock::5000", "lacks the slashes: write vsock://*:5000"],
    ["vsock://2", "has no port: write vsock://2:5000"],
    ["vsock://", "has no port: write vsock://2:5000"],
    ["vsock://:80", "has no CID: write vsock://2:80 for the host, or vsock://*:80 for every CID"],
    ["vsock://host:80", 'has the CID "host": a CID is a number, 1 being this machine and 2 the host, or *'],
    ["vsock://4294967296:80", 'has the CID "4294967296": a CID is a number, 1 being this machine and 2 the host, or *'],
    ["vsock://-1:80", 'has the CID "-1"'],
    ["vsock://2:4294967295", 'has the port "4294967295": a port is a number from 0 to 4294967294'],
    ["vsock://2:", 'has the port ""'],
    ["vsock://2:80:90", 'has the port "80:90"'],
    ["vsock:/2:80", "is no address of a machine: write vsock://CID:PORT, as in vsock://2:5000"],
    ["vsock://2:80?mode=660", "has options, of which this kind of socket has none"],
    ["vsok://2:80", "begins with vsok:, which is no kind of socket: did you mean vsock:?"],
    ["fd:", "is no descriptor: write fd:3"],
    ["fd:three", "is no descriptor: write fd:3"],
    ["fd:3?mode=660", "has options, of which this kind of socket has none"],
    ["systemd://web", "is no name of a socket: write systemd:NAME, as in FileDescriptorName=NAME"],
    ["systemd:a:b", "is no name of a socket"],
    ["systmed:web", "begins with systmed:, which is no kind of socket: did you mean systemd:?"],
    ["unix:", "has no path: write unix:/path, or unix:@name"],
    ["unix:@", "has no path: write unix:/path, or unix:@name"],
    ["unix://host/path", "has a host: write unix:/path, or unix:///path"],
    ["unix:/a\0b", "has a NUL in its path"],
    [`unix:/${"a".repeat(107)}`, "is too long: a Unix socket's name has at most 107 bytes, and this one 108"],
  ])("%j", (text, message) => {
    const parse = (): unknown => parseSocketUrl(text);
    expect(parse).toThrow(SocketUrlError);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ code: "ERR_SOCKWRIGHT_URL", input: text }));
  });

  test.each([
    ["tcp://*:9000", "is for listeners: to connect, write the address of one machine"],
    ["vsock://*:9000", "is for listeners: to connect, write the address of one machine"],
    ["tcp://127.0.0.1:0", "has the port 0, which is for listeners: to connect, write the port on which the server"],
    ["udp://[::1]:0", "has the port 0, which is for listeners"],
    ["vsock://2:0", "has the port 0, which is for listeners"],
    ["tcp://[::1]:9000?ipv6only", "has the option ipv6only, which is for listeners: leave it out to connect"],
    ["udp://239.1.1.1:9000?source=192.0.2.1", "has the option source, which is for listeners"],
    ["unix:/x?mode=660", "has the option mode, which is for listeners"],
  ])("connect(%j)", async (url, message) => {
    for (const transport of ["native", "node"]) {
      vi.stubEnv("SOCKWRIGHT_TRANSPORT", transport);
      await expect(connect(url)).rejects.toThrow(SocketUrlError);
      await expect(connect(url)).rejects.toThrow(message);
    }
    vi.unstubAllEnvs();
  });

  test("any text parses to a socket URL that formats back, or throws a SocketUrlError", () => {
    const parts = fc.constantFrom(
      "tcp",
      "udp",
      "unix",
      "vsock",
      ":",
      "/",
      "//",
      "[",
      "]",
      "::1",
      "@",
      "8000",
      "host",
      "\0",
      "%",
      "?",
      "25",
      "3F",
      "group=239.1.1.1",
      "mode=660",
      "ipv6only",
      "&",
      "*",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(parts).map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(text, (input) => {
        try {
          const url = parseSocketUrl(input);
          expect(parseSocketUrl(formatSocketUrl(url))).toEqual(url);
        } catch (error) {
          expect(error).toBeInstanceOf(SocketUrlError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("an invalid URL object is rejected with the name of the field", () => {
  test.for<[url: object, code: string, told: string]>([
    [{ kind: "tcp" }, "ERR_INVALID_ARG_TYPE", 'The "url.scheme" argument must be of type string, such as "tcp"'],
    [{ scheme: "foo" }, "ERR_INVALID_ARG_VALUE", "The argument 'url.scheme' must be one of tcp, udp, unix"],
    [{ scheme: "tcp", port: 1 }, "ERR_INVALID_ARG_TYPE", 'The "url.host" argument must be of type string'],
    [{ scheme: "udp", host: "a b", port: 1 }, "ERR_INVALID_ARG_VALUE", "The argument 'url.host' must be a name or an"],
    [{ scheme: "tcp", host: "", port: 1 }, "ERR_INVALID_ARG_VALUE", "The argument 'url.host' must be a name or an"],
    [{ scheme: "tcp", host: "::x", port: 1 }, "ERR_INVALID_ARG_VALUE", "The argument 'url.host' must be a name or an"],
    [{ scheme: "tcp", host: "h", port: "x" }, "ERR_INVALID_ARG_TYPE", 'The "url.port" argument must be of type number'],
    [{ scheme: "tcp", host: "h", port: 65536 }, "ERR_OUT_OF_RANGE", 'The value of "url.port" is out of range'],
    [{ scheme: "tcp", host: "h", port: 1, ipv6only: 1 }, "ERR_INVALID_ARG_VALUE", "'url.ipv6only' must be true, or"],
    [
      { scheme: "udp", host: "*", port: 1, group: 1 },
      "ERR_INVALID_ARG_TYPE",
      'The "url.group" argument must be of type',
    ],
    [{ scheme: "udp", host: "*", port: 1, group: "x" }, "ERR_SOCKWRIGHT_URL", 'has the group "x", which is no address'],
    [{ scheme: "unix" }, "ERR_INVALID_ARG_TYPE", 'The "url.path" argument must be of type string'],
    [
      { scheme: "unix-dgram", abstract: 1 },
      "ERR_INVALID_ARG_TYPE",
      'The "url.abstract" argument must be of type string',
    ],
    [{ scheme: "unix", path: "/x", mode: 0o1000 }, "ERR_OUT_OF_RANGE", 'The value of "url.mode" is out of range'],
    [{ scheme: "vsock", port: 1 }, "ERR_INVALID_ARG_TYPE", 'The "url.cid" argument must be of type number'],
    [{ scheme: "fd" }, "ERR_INVALID_ARG_TYPE", 'The "url.fd" argument must be of type number'],
    [{ scheme: "systemd", name: "a b" }, "ERR_SOCKWRIGHT_URL", "is no name of a socket"],
  ])("%j", ([url, code, told]) => {
    expect(() => formatSocketUrl(url as never)).toThrow(told);
    expect(() => formatSocketUrl(url as never)).toThrow(expect.objectContaining({ code }));
  });

  test.for([
    ["@x", "./@x"],
    ["//x/y", "/x/y"],
    ["///x", "/x"],
  ] as const)("the path %s stays a path", ([path, same]) => {
    expect(parseSocketUrl(formatSocketUrl({ scheme: "unix", path }))).toEqual({ scheme: "unix", path: same });
  });

  test("the URL of an unnamed peer can be formatted", () => {
    expect(formatSocketUrl({ scheme: "unix", path: "" })).toBe("unix:");
  });
});
