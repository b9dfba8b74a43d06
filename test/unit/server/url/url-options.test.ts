// The options of streams and of TLS in a URL: how they parse and format, and who may have them.
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  connect,
  formatSocketUrl,
  parseSocketUrl,
  type SocketUrl,
  SocketUrlError,
  serve,
} from "../../../../src/server.ts";

const HEX = "0123456789abcdef".repeat(4);
const TLS_URLS = ["tls://[::1]:8443", "https://127.0.0.1:8443", "tls+unix:/x", "https+unix:/x", "tls+unix:@x"];
const PLAIN_URLS = ["tcp://[::1]:8000", "http://127.0.0.1:80", "unix:/x", "unix:@x", "http+unix:/x", "http+unix:@x"];
const OTHER_URLS = ["udp://127.0.0.1:1", "unix-dgram:/x", "unix-dgram:@x", "unix-seqpacket:/x", "unix-seqpacket:@x"];

function fieldsOf(query: string, url = "tls://[::1]:8443"): object {
  const { scheme, host, port, ...fields } = parseSocketUrl(`${url}?${query}`) as never as Record<string, unknown>;
  expect([scheme, host, port]).toEqual(["tls", "::1", 8443]);
  return fields;
}

test.each<[query: string, fields: object, formatted?: string]>([
  ["cert=a.pem&key=a.key", { cert: ["a.pem"], key: ["a.key"] }],
  ["key=1&cert=2&cert=3&key=4", { cert: ["2", "3"], key: ["1", "4"] }, "cert=2&cert=3&key=1&key=4"],
  ["cert=%26%25?=&key=%2C", { cert: ["&%?="], key: [","] }, "cert=%26%25?=&key=,"],
  ["ca=/etc/ca.pem&crl=my%20crl", { ca: "/etc/ca.pem", crl: "my crl" }, "ca=/etc/ca.pem&crl=my crl"],
  ["client=ask", { client: "ask" }],
  ["client=require", { client: "require" }],
  ["alpn=h2,http/1.1", { alpn: ["h2", "http/1.1"] }],
  ["alpn=a%2Cb,%C3%A9", { alpn: ["a,b", "é"] }, "alpn=a%2Cb,é"],
  [`alpn=${"a".repeat(255)}`, { alpn: ["a".repeat(255)] }],
  ["min=1.3", { min: "1.3" }],
  ["min=1.2", { min: "1.2" }],
  ["handshake-timeout=10", { handshakeTimeoutMs: 10_000 }, "handshake-timeout=10s"],
  ["handshake-timeout=1ms", { handshakeTimeoutMs: 1 }],
  ["servername=example.org", { servername: "example.org" }],
  [`pin=sha256:${HEX}`, { pin: [`sha256:${HEX}`] }],
  [
    `pin=SHA256:${HEX.toUpperCase()}&pin=sha256:${"0".repeat(64)}`,
    { pin: [`sha256:${HEX}`, `sha256:${"0".repeat(64)}`] },
    `pin=sha256:${HEX}&pin=sha256:${"0".repeat(64)}`,
  ],
  ["proxy-send=v1", { proxySend: "v1" }],
  ["proxy-send=v2", { proxySend: "v2" }],
  [
    "proxy-from=10.0.0.0/8,192.0.2.7,192.0.2.0/25,::1,FD00::/8,0.0.0.0/0,::/0,1.2.3.4/32",
    { proxyFrom: ["10.0.0.0/8", "192.0.2.7", "192.0.2.0/25", "::1", "fd00::/8", "0.0.0.0/0", "::/0", "1.2.3.4/32"] },
    "proxy-from=10.0.0.0/8,192.0.2.7,192.0.2.0/25,::1,fd00::/8,0.0.0.0/0,::/0,1.2.3.4/32",
  ],
  ["proxy-from=unix", { proxyFrom: ["unix"] }],
  ["proxy-from=2001:db8:0:0:0:0:0:1/128", { proxyFrom: ["2001:db8::1/128"] }, "proxy-from=2001:db8::1/128"],
])("%s", (query, fields, formatted = query) => {
  expect(fieldsOf(query)).toEqual(fields);
  const url = parseSocketUrl(`tls://[::1]:8443?${query}`);
  expect(formatSocketUrl(url)).toBe(`tls://[::1]:8443?${formatted}`);
  expect(parseSocketUrl(formatSocketUrl(url))).toEqual(url);
});

const OPENSSL_FORM = (HEX.toUpperCase().match(/../g) ?? []).join(":");
const PIN_FORM = "write pin=sha256:HEX, with 64 hexadecimal digits";
const SOURCE_FORM = "write an address, a network such as 10.0.0.0/8 or fd00::/8, or unix";

test.each<[query: string, told: string]>([
  ["cert=a", "has cert once and key 0 times: write cert=FILE&key=FILE for each certificate"],
  ["key=a", "has cert 0 times and key once: write cert=FILE&key=FILE for each certificate"],
  ["cert=a&key=b&cert=c", "has cert 2 times and key once: write cert=FILE&key=FILE for each certificate"],
  ["cert=&key=b", "has the option cert without a value: write cert=server.pem"],
  ["key", "has the option key without a value: write key=server.key"],
  ["ca=a&ca=b", "has the option ca twice"],
  ["ca=%", "has a % that begins no character: write %25 for a % itself"],
  ["client", "has the option client without a value: write client=ask or client=require"],
  ["client=yes", 'has the client "yes": write client=ask or client=require'],
  ["client=ask&client=require", "has the option client twice"],
  ["alpn=", "has the option alpn without a value: write alpn=h2,http/1.1"],
  ["alpn=a,,b", "has an empty name in alpn: write alpn=h2,http/1.1"],
  ["alpn=a,", "has an empty name in alpn"],
  [`alpn=${"a".repeat(256)}`, "has a name of 256 bytes in alpn: a name has at most 255"],
  [`alpn=${"é".repeat(128)}`, "has a name of 256 bytes in alpn: a name has at most 255"],
  ["min=1.1", 'has the min "1.1": write min=1.2 or min=1.3'],
  ["min=TLSv1.3", 'has the min "TLSv1.3": write min=1.2 or min=1.3'],
  ["handshake-timeout=0", 'has the handshake-timeout "0", which is no valid time: write handshake-timeout=10s'],
  ["handshake-timeout=2147483648ms", "which is no valid time"],
  ["servername=", "has the option servername without a value: write servername=example.com"],
  [`pin=${HEX}`, `has the pin "${HEX}": write pin=sha256:${HEX}`],
  [`pin=${OPENSSL_FORM}`, `has the pin "${OPENSSL_FORM}": write pin=sha256:${HEX}`],
  [`pin=sha256:${OPENSSL_FORM}`, `write pin=sha256:${HEX}`],
  [`pin=SHA256%20Fingerprint=${OPENSSL_FORM}`, `write pin=sha256:${HEX}`],
  [`pin=sha256:${HEX}0`, PIN_FORM],
  [`pin=sha256:${HEX.slice(1)}`, PIN_FORM],
  [`pin=sha256:${HEX.slice(1)}g`, PIN_FORM],
  [`pin=sha1:${HEX}`, PIN_FORM],
  ["pin", `has the option pin without a value: ${PIN_FORM}`],
  ["proxy-send=v3", 'has the proxy-send "v3": write proxy-send=v1 or proxy-send=v2'],
  ["proxy-send", "has the option proxy-send without a value: write proxy-send=v1 or proxy-send=v2"],
  ["proxy-from", "has the option proxy-from without a value: write proxy-from=10.0.0.0/8"],
  ["proxy-from=::1&proxy-from=::2", "has the option proxy-from twice"],
  ["proxy-from=localhost", `has the proxy-from "localhost": ${SOURCE_FORM}`],
  ["proxy-from=10.0.0.0/8,", `has the proxy-from "": ${SOURCE_FORM}`],
  ["proxy-from=UNIX", SOURCE_FORM],
  ["proxy-from=unix/8", SOURCE_FORM],
  ["proxy-from=fe80::1%25eth0", `has the proxy-from "fe80::1%eth0", which has a zone: ${SOURCE_FORM}`],
  ["proxy-from=10.0.0.0/33", 'has the proxy-from "10.0.0.0/33": the number after the slash is 0 to 32'],
  ["proxy-from=::/129", 'has the proxy-from "::/129": the number after the slash is 0 to 128'],
  ["proxy-from=10.0.0.0/08", "the number after the slash is 0 to 32"],
  ["proxy-from=10.0.0.0/", "the number after the slash is 0 to 32"],
  ["proxy-from=10.0.0.0/8/8", "the number after the slash is 0 to 32"],
  ["proxy-from=10.1.2.3/8", 'has the proxy-from "10.1.2.3/8", whose address is within the network: write 10.0.0.0/8'],
  ["proxy-from=192.0.2.255/25", "write 192.0.2.128/25"],
  ["proxy-from=1.2.3.4/0", "write 0.0.0.0/0"],
  ["proxy-from=2001:db8::1/33", "write 2001:db8::/33"],
  [
    "proxy-from=::ffff:10.0.0.0/104",
    'has the proxy-from "::ffff:10.0.0.0/104", and IPv4 clients are known by their IPv4 address: write 10.0.0.0/8',
  ],
  ["proxy-from=::ffff:192.0.2.1", "write 192.0.2.1"],
])("%s is refused with the correction", (query, told) => {
  const text = `tls://[::1]:8443?${query}`;
  expect(() => parseSocketUrl(text)).toThrow(SocketUrlError);
  expect(() => parseSocketUrl(text)).toThrow(told);
});

test("MAX_PROTOCOLS_BYTES: the names of alpn have 65 535 bytes at most, each with its length", () => {
  const names = Array.from({ length: 256 }, () => "a".repeat(255));
  const text = (last: string): string => `tls://[::1]:1?alpn=${[...names.slice(1), last].join(",")}`;
  expect(parseSocketUrl(text("a".repeat(254)))).toHaveProperty("alpn.length", 256);
  expect(() => parseSocketUrl(text("a".repeat(255)))).toThrow("65536 bytes of names in alpn: there is room for 65535");
});

test.each([
  "insecure",
  "verify=off",
  "no-verify",
  "rejectUnauthorized=false",
  "skip-verify",
  "tls-skip-verify",
  "check",
])("there is no %s", (query) => {
  const told = /, and certificates are always checked: write pin=sha256:HEX to accept one certificate, or ca=FILE/;
  for (const url of TLS_URLS) expect(() => parseSocketUrl(`${url}?${query}`)).toThrow(told);
  expect(() => parseSocketUrl(`tcp://[::1]:1?${query}`)).toThrow("which its kind of socket does not have");
});

test.each([...TLS_URLS, ...PLAIN_URLS])("%s has the options of streams", (url) => {
  for (const query of ["proxy-from=::1", "proxy-send=v2", "handshake-timeout=5s"])
    expect(formatSocketUrl(parseSocketUrl(`${url}?${query}`))).toBe(`${url}?${query}`);
});

test.each(TLS_URLS)("%s has the options of TLS", (url) => {
  const query = "cert=a&key=b&ca=c&crl=d&client=ask&servername=e&alpn=f&min=1.3";
  expect(formatSocketUrl(parseSocketUrl(`${url}?${query}`))).toBe(`${url}?${query}`);
});

test.each(PLAIN_URLS)("%s has no options of TLS", (url) => {
  for (const query of ["cert=a&key=b", "ca=c", "crl=d", "client=ask", `pin=sha256:${HEX}`, "alpn=f", "min=1.3"])
    expect(() => parseSocketUrl(`${url}?${query}`)).toThrow("which its kind of socket does not have");
});

test.each([...OTHER_URLS, "vsock://2:1", "fd:3", "systemd:x"])("%s has none of both", (url) => {
  for (const query of ["proxy-from=::1", "proxy-send=v2", "handshake-timeout=5s", "min=1.3"])
    expect(() => parseSocketUrl(`${url}?${query}`)).toThrow(SocketUrlError);
});

test("an abstract name has no options of files", () => {
  for (const query of ["mode=660", "owner=x", "group=x"])
    expect(() => parseSocketUrl(`tls+unix:@x?${query}`)).toThrow("which its kind of socket does not have");
});

test("https: has the port 443 when none is written", () => {
  expect(parseSocketUrl("https://[::1]?min=1.3")).toEqual({ scheme: "https", host: "::1", port: 443, min: "1.3" });
});

test("any options format to a URL that parses to the same", () => {
  const text = fc.string({ minLength: 1, unit: "grapheme" });
  const byte = fc.nat(255);
  const pairs = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 }).map((all) => ({
    cert: all.map(([cert]) => cert),
    key: all.map(([, key]) => key),
  }));
  const hex = fc.array(byte, { minLength: 32, maxLength: 32 }).map((all) => Buffer.from(all).toString("hex"));
  const source = fc.oneof(
    fc.constant("unix"),
    fc.ipV4(),
    fc.tuple(byte, fc.integer({ min: 8, max: 32 })).map(([first, bits]) => `${first}.0.0.0/${bits}`),
    fc.integer({ min: 32, max: 128 }).map((bits) => `2001:db8::/${bits}`),
  );
  const optional = <Value>(key: string, value: fc.Arbitrary<Value>): fc.Arbitrary<object> =>
    fc.option(value).map((given) => (given === null ? {} : { [key]: given }));
  const fields = fc
    .tuple(
      fc.option(pairs).map((given) => given ?? {}),
      optional("ca", text),
      optional("crl", text),
      optional("client", fc.constantFrom("ask", "require")),
      optional("servername", text),
      optional("min", fc.constantFrom("1.2", "1.3")),
      optional("alpn", fc.array(fc.string({ minLength: 1, maxLength: 60, unit: "grapheme-ascii" }), { minLength: 1 })),
      optional(
        "pin",
        fc.array(
          hex.map((each) => `sha256:${each}`),
          { minLength: 1 },
        ),
      ),
      optional("proxyFrom", fc.array(source, { minLength: 1 })),
      optional("proxySend", fc.constantFrom("v1", "v2")),
      optional("handshakeTimeoutMs", fc.integer({ min: 1, max: 2_147_483_647 })),
    )
    .map((all): object => Object.assign({}, ...all) as object);
  const place = fc.constantFrom(
    { scheme: "tls", host: "h", port: 1 },
    { scheme: "https", host: "::1", port: 443 },
    { scheme: "tls+unix", path: "/x?y" },
    { scheme: "https+unix", abstract: "%3F?" },
  );
  fc.assert(
    fc.property(place, fields, (at, given) => {
      const url = { ...at, ...given } as SocketUrl;
      expect(parseSocketUrl(formatSocketUrl(url))).toEqual(url);
    }),
  );
});

test.each<[field: object, code: string, told: string]>([
  [{ cert: "a" }, "ERR_INVALID_ARG_TYPE", "url.cert"],
  [{ cert: [] }, "ERR_INVALID_ARG_TYPE", "url.cert"],
  [{ key: [1] }, "ERR_INVALID_ARG_TYPE", "url.key"],
  [{ pin: ["x"] }, "ERR_SOCKWRIGHT_URL", 'has the pin "x"'],
  [{ alpn: [""] }, "ERR_SOCKWRIGHT_URL", "has the option alpn without a value"],
  [{ proxyFrom: ["10.0.0.1/8"] }, "ERR_SOCKWRIGHT_URL", "write 10.0.0.0/8"],
  [{ proxySend: "v9" }, "ERR_SOCKWRIGHT_URL", "write proxy-send=v1"],
  [{ proxySend: 1 }, "ERR_INVALID_ARG_TYPE", "url.proxySend"],
  [{ min: 1.3 }, "ERR_INVALID_ARG_TYPE", "url.min"],
  [{ client: true }, "ERR_INVALID_ARG_TYPE", "url.client"],
  [{ ca: "" }, "ERR_SOCKWRIGHT_URL", "has the option ca without a value"],
  [{ handshakeTimeoutMs: 0 }, "ERR_OUT_OF_RANGE", "url.handshakeTimeoutMs"],
])("the field %j of an object is refused", (field, code, told) => {
  for (const place of [{ host: "::1", port: 1 }, { path: "/x" }, { abstract: "x" }]) {
    const url = { scheme: "host" in place ? "tls" : "tls+unix", ...place, ...field } as SocketUrl;
    expect(() => formatSocketUrl(url)).toThrow(expect.objectContaining({ code }));
    expect(() => formatSocketUrl(url)).toThrow(told);
  }
});

describe("who may have which option", () => {
  test.each([
    ["tcp://127.0.0.1:1?proxy-from=::1", "has the option proxy-from, which is for listeners: leave it out to connect"],
    ["unix:@x?proxy-from=unix", "has the option proxy-from, which is for listeners"],
    ["tls://127.0.0.1:1?client=ask", "has the option client, which is for listeners"],
    ["tcp://127.0.0.1:1?handshake-timeout=1s", "has the option handshake-timeout, which is for listeners and TLS"],
  ])("connect(%j)", async (url, told) => {
    for (const transport of ["native", "node"] as const) {
      await expect(connect(url, { transport })).rejects.toThrow(told);
      await expect(connect(url, { transport })).rejects.toThrow(SocketUrlError);
    }
  });

  test.each([
    ["tcp://127.0.0.1:0?proxy-send=v1", "has the option proxy-send, which is for clients: leave it out to listen"],
    ["unix:@x?proxy-send=v2", "has the option proxy-send, which is for clients"],
    ["tls://127.0.0.1:0?servername=a", "has the option servername, which is for clients"],
    ["tls://127.0.0.1:0?ca=a", "has the option ca, which is for certificates of clients: add client=require"],
    [`tls://127.0.0.1:0?pin=sha256:${HEX}`, "has the option pin, which is for certificates of clients"],
    ["tls+unix:@x?crl=a", "has the option crl, which is for certificates of clients"],
    ["tcp://127.0.0.1:0?proxy-from=unix", "has the proxy-from unix, and its clients have addresses"],
    ["unix:@x?proxy-from=::1", "has the proxy-from ::1, and clients of a Unix socket have no address"],
    ["unix:/x?proxy-from=unix,10.0.0.0/8", "has the proxy-from 10.0.0.0/8, and clients of a Unix socket have no"],
  ])("serve(%j)", async (url, told) => {
    await expect(serve(url, () => undefined)).rejects.toThrow(told);
    await expect(serve(url, () => undefined)).rejects.toThrow(SocketUrlError);
  });
});

test("a listener shows its URL without these options, and keeps its socket when they change", async () => {
  const service = (): void => undefined;
  for (const place of ["tcp://127.0.0.1:0", "unix:@url-options-test"]) {
    const server = await serve(`${place}?handshake-timeout=5s`, service);
    onTestFinished(async () => void (await server.close({ graceMs: 0 })));
    const urls = server.urls;
    expect(urls).toEqual([expect.not.stringContaining("?")]);
    await server.reload({ listeners: [`${urls[0] ?? ""}?handshake-timeout=6s`] });
    expect(server.urls).toEqual(urls);
  }
});
