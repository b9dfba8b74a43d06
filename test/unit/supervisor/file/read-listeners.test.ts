// Listeners of services: URLs, mounts, sharing, and rejected values.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mistakesIn, planIn, serviceFile, serviceIn } from "../../../support/plan-reading.ts";

/** Two services, one after the other. */
function two(one: string, other: string): string {
  return `${one}\n${other.replace('name = "a"', 'name = "b"')}`;
}

const WEB = 'root = "."';

test.each<[kind: string, listen: string, url: string, mount: string | undefined]>([
  ["greet", '"tcp://127.0.0.1:8000"', "tcp://127.0.0.1:8000", undefined],
  ["greet", '"udp://[::1]:9000"', "udp://[::1]:9000", undefined],
  ["greet", '"unix:@name"', "unix:@name", undefined],
  ["greet", '"unix-seqpacket:/run/a.sock?mode=660"', "unix-seqpacket:/run/a.sock?mode=660", undefined],
  ["greet", '"fd:3"', "fd:3", undefined],
  ["greet", '"systemd:greet"', "systemd:greet", undefined],
  ["greet", '"vsock://2:5000"', "vsock://2:5000", undefined],
  ["chat", '"http://127.0.0.1/"', "http://127.0.0.1:80", "/"],
  ["chat", '"http://127.0.0.1:8080"', "http://127.0.0.1:8080", "/"],
  ["chat", '"http://[::1]:8080/chat/"', "http://[::1]:8080", "/chat/"],
  ["chat", '"http://*:8080/a/b/?nodelay=off"', "http://*:8080?nodelay=off", "/a/b/"],
  ["chat", '"http+unix:/run/web.sock"', "http+unix:/run/web.sock", "/"],
  ["chat", '{ url = "http+unix:/run/web.sock", mount = "/chat/" }', "http+unix:/run/web.sock", "/chat/"],
  ["chat", '"systemd:chat"', "systemd:chat", undefined],
  ["chat", '{ url = "systemd:web", mount = "/chat/" }', "systemd:web", "/chat/"],
  ["chat", '{ url = "fd:3", mount = "/" }', "fd:3", "/"],
  ["status", '"systemd:web"', "systemd:web", "/"],
])("%s on %s", async (kind, listen, url, mount) => {
  const { listeners } = await serviceIn(serviceFile(kind, listen));
  expect(listeners).toEqual([{ listener: { url }, mount }]);
});

test("relative paths are resolved from the folder of the file", async () => {
  const { plan, folder } = await planIn(
    two(
      serviceFile("chat", '["unix:chat.sock?mode=660", "http+unix:web/@a%3F.sock"]', 'history = "chat.db"'),
      serviceFile("web", '"http://127.0.0.1:0/"', 'root = "public"'),
    ) +
      '\n[[service]]\nname = "c"\nlisten = "unix:./@c"\nmodule = "../clock.mjs"\noptions = { root = "public", at = 1979-05-27 }' +
      '\n[[service]]\nname = "d"\nkind = "status"\nlisten = "http://*:1/"\ntoken-file = "status.token"' +
      '\n[[service]]\nname = "e"\nkind = "chat"\nlisten = "unix:@e"\nhistory = "memory"\n[admin]\nsocket = "run/admin.sock"',
  );
  const at = (name: string): string => join(folder, name);
  expect(plan.adminSocket).toBe(at("run/admin.sock"));
  const urls = plan.services.map(({ listeners }) => listeners.map(({ listener }) => listener.url));
  expect(urls).toEqual([
    [`unix:${at("chat.sock")}?mode=660`, `http+unix:${at("web/@a%3F.sock")}`],
    ["http://127.0.0.1:0"],
    [`unix:${at("@c")}`],
    ["http://*:1"],
    ["unix:@e"],
  ]);
  expect(plan.services.map(({ source }) => source)).toEqual([
    { type: "kind", kind: "chat", options: { history: at("chat.db") } },
    { type: "kind", kind: "web", options: { root: at("public") } },
    { type: "module", path: at("../clock.mjs"), options: { root: "public", at: "1979-05-27" } },
    { type: "kind", kind: "status", options: { tokenFile: at("status.token") } },
    { type: "kind", kind: "chat", options: { history: "memory" } },
  ]);
});

test("the admin socket is beside the file by default", async () => {
  const { plan, folder } = await planIn(serviceFile("greet", '"tcp://127.0.0.1:0"'));
  expect(plan.adminSocket).toBe(join(folder, "sockwright.sock"));
});

test("services share an HTTP listener, each with its own path", async () => {
  const { plan } = await planIn(
    two(
      serviceFile("web", '[{ url = "http://127.0.0.1:80/", backlog = 5 }, "http://127.0.0.1:80/two/"]', WEB),
      serviceFile(
        "chat",
        '["http://127.0.0.1/chat/", "http://127.0.0.1:0/", "http://127.0.0.1:0/", "tcp://127.0.0.1:0"]',
      ),
    ),
  );
  const [site, chat] = plan.services.map(({ listeners }) =>
    listeners.map(({ listener, mount }) => [listener.url, mount]),
  );
  expect(site).toEqual([
    ["http://127.0.0.1:80", "/"],
    ["http://127.0.0.1:80", "/two/"],
  ]);
  expect(chat?.[0]).toEqual(["http://127.0.0.1:80", "/chat/"]);
});

describe("TLS", () => {
  test("keys of a listener, and paths that belong to the folder of the file", async () => {
    const table = `{ url = "https://*:443/", cert = ["a.pem", "/b.pem"], key = ["a.key", "/b.key"], ca = "ca.pem", crl = "crl.pem",
      client = "require", alpn = ["http/1.1"], min = "1.3", handshake-timeout = "5s", proxy-from = "10.0.0.0/8" }`;
    const { plan, folder } = await planIn(serviceFile("web", table, WEB));
    expect(plan.services[0]?.listeners[0]).toEqual({
      mount: "/",
      listener: {
        url: "https://*:443",
        cert: [join(folder, "a.pem"), "/b.pem"],
        key: [join(folder, "a.key"), "/b.key"],
        ca: join(folder, "ca.pem"),
        crl: join(folder, "crl.pem"),
        client: "require",
        alpn: ["http/1.1"],
        min: "1.3",
        handshakeTimeoutMs: 5_000,
        proxyFrom: ["10.0.0.0/8"],
      },
    });
  });

  test("https: on loopback needs no certificate; another one has it from the listener it shares, or from [server]", async () => {
    const shared = two(
      serviceFile("web", '{ url = "https://0.0.0.0:443/", cert = "/a", key = "/b" }', WEB),
      serviceFile("chat", '"https://0.0.0.0:443/chat/"'),
    );
    const common = `[server]\ncert = "a.pem"\nkey = "a.key"\n${serviceFile("greet", '["tls://0.0.0.0:1", "tcp://127.0.0.1:2"]')}`;
    const loopback = ["127.0.0.2", "[::1]", "localhost"].map((host) => `"https://${host}:443/"`).join(", ");
    for (const file of [shared, common, serviceFile("web", `[${loopback}]`, WEB)])
      expect(await mistakesIn(file)).toEqual([]);
  });
});

describe("refused", () => {
  test.each<[file: string, mistakes: readonly string[]]>([
    [
      serviceFile("greet", "5"),
      [
        '4:10: a listener is 5; write a URL, such as "tcp://127.0.0.1:8000", a table such as { url = "…" }, or a list of these',
      ],
    ],
    [
      serviceFile("greet", "[]"),
      [
        '4:10: listen is an empty list; write a URL, such as "tcp://127.0.0.1:8000", a table such as { url = "…" }, or a list of these',
      ],
    ],
    [
      serviceFile("greet", '["tcp://127.0.0.1:1", 5, [], {}]'),
      [
        '4:32: a listener is 5; write a URL, such as "tcp://127.0.0.1:8000", a table such as { url = "…" }, or a list of these',
        '4:35: a listener is a list; write a URL, such as "tcp://127.0.0.1:8000", a table such as { url = "…" }, or a list of these',
        '4:39: the listener has no url; write a URL, such as "tcp://127.0.0.1:8000", a table such as { url = "…" }, or a list of these',
      ],
    ],
    [
      serviceFile("greet", '{ url = 5, backlog = "many" }'),
      [
        '4:18: a listener is 5; write a URL, such as "tcp://127.0.0.1:8000", a table such as { url = "…" }, or a list of these',
        '4:31: backlog is "many"; it must be a whole number, such as 1000',
      ],
    ],
    [
      '[[service]]\nname = "a"\nkind = "greet"',
      [
        '1:1: the service has no listen; write a URL, such as "tcp://127.0.0.1:8000", a table such as { url = "…" }, or a list of these',
      ],
    ],
    [serviceFile("greet", '"localhost:8000"'), ['4:10: "localhost:8000" has no scheme; write tcp://localhost:8000']],
    [
      serviceFile("greet", '"tcp://127.0.0.1:99999"'),
      ['4:10: "tcp://127.0.0.1:99999" has the port "99999"; a port is a number from 0 to 65535'],
    ],
    [
      serviceFile("greet", '"tcp://::1:80"'),
      ['4:10: "tcp://::1:80" has an IPv6 address without brackets; write tcp://[::1]:80'],
    ],
    [
      serviceFile("greet", '"tpc://127.0.0.1:80"'),
      ['4:10: "tpc://127.0.0.1:80" begins with tpc:, which is no kind of socket; did you mean tcp:?'],
    ],
    [
      serviceFile("greet", '"tcp://127.0.0.1:80?nodely=off"'),
      [
        '4:10: "tcp://127.0.0.1:80?nodely=off" has the option "nodely", which its kind of socket does not have; did you mean nodelay?',
      ],
    ],
    [serviceFile("greet", '"./a.sock"'), ['4:10: "./a.sock" has no scheme; write unix:./a.sock']],
    [
      serviceFile("web", '["https://127.0.0.1:8443/", "tls://127.0.0.1:8443", "wss://127.0.0.1:8443"]', WEB),
      [
        '4:38: web speaks HTTP alone, so it cannot be on "tls://127.0.0.1:8443"; write "https://127.0.0.1:8443/"',
        '4:62: "wss://127.0.0.1:8443" begins with wss:, which is no kind of socket; use a WebSocket client, or write tls://127.0.0.1:8443 for the TLS connection alone',
      ],
    ],
    [
      serviceFile("greet", '["https://127.0.0.1:8443/?cert=a&key=b", "https+unix:/x"]'),
      [
        '4:11: greet does not speak HTTP, so it cannot be on "https://127.0.0.1:8443/?cert=a&key=b"; write "tls://127.0.0.1:8443?cert=a&key=b"',
        '4:51: greet does not speak HTTP, so it cannot be on "https+unix:/x"; write "tls+unix:/x"',
      ],
    ],
    [
      serviceFile("web", '{ url = "https://127.0.0.1:8443/", cert = "a.pem" }', WEB),
      ["4:52: each cert needs a key; give key once for each cert, in the same order"],
    ],
    [
      serviceFile("web", '{ url = "https://127.0.0.1:8443/", cert = ["a", "b"], key = ["a"] }', WEB),
      ["4:70: each cert needs a key; give key once for each cert, in the same order"],
    ],
    [
      serviceFile("greet", '{ url = "tls://[::1]:1", cert = "a", key = 5 }'),
      [
        "4:42: each cert needs a key; give key once for each cert, in the same order",
        "4:53: key is 5; it must be a path of a PEM file, or several",
      ],
    ],
    [
      serviceFile("greet", '{ url = "tcp://127.0.0.1:1", cert = "/a", key = "/b" }'),
      ['4:46: cert is "/a"; it is for listeners with TLS only, such as tls: and https:: tcp://127.0.0.1:1'],
    ],
    [
      serviceFile("greet", '{ url = "tls://127.0.0.1:1?cert=/a&key=/b", cert = "/a", key = "/b" }'),
      ['4:61: cert is "/a"; it is given in the URL, too: tls://127.0.0.1:1?cert=/a&key=/b'],
    ],
    [
      serviceFile(
        "greet",
        '{ url = "tls://127.0.0.1:1", cert = "a", key = "b", servername = "x", alpn = "h2", min = 1.3 }',
      ),
      [
        "4:75: servername is for clients; a server has the names of its certificates",
        '4:87: alpn is "h2"; it must be a list of names, such as ["http/1.1"]',
        '4:99: min is 1.3; it must be "1.2" or "1.3"',
      ],
    ],
    [
      serviceFile("greet", '{ url = "tls://127.0.0.1:1?cert=a&key=b", ca = "ca.pem" }'),
      ["4:57: ca is for certificates of clients; add client=require, or client=ask"],
    ],
    [
      serviceFile("greet", '"tls://127.0.0.1:1?cert=/a&key=/b&servername=x"'),
      [
        '4:10: "tls://127.0.0.1:1?cert=/a&key=/b&servername=x" has the option servername, which is for clients; leave it out to listen',
      ],
    ],
    [
      serviceFile("web", '["https://0.0.0.0:8443/", "https+unix:/run/a.sock", "https://www.example.org/"]', WEB),
      [
        '4:11: "https://0.0.0.0:8443/" needs a certificate, cert and key; make them with  sockwright cert NAME',
        '4:36: "https+unix:/run/a.sock" needs a certificate, cert and key; make them with  sockwright cert NAME',
        '4:62: "https://www.example.org/" needs a certificate, cert and key; make them with  sockwright cert www.example.org',
      ],
    ],
    [
      // The command makes a certificate for https: alone.
      serviceFile("greet", '"tls://127.0.0.1:8443"'),
      ['4:10: "tls://127.0.0.1:8443" needs a certificate, cert and key; make them with  sockwright cert 127.0.0.1'],
    ],
    [
      serviceFile("greet", '{ url = "tcp://127.0.0.1:1", handshake = 1, grace = "1s", backlgo = 5 }'),
      [
        "4:39: handshake is a function, which a file cannot give; leave it out, or write a module",
        "4:54: grace is no key of a listener; it is one of the service; write it beside listen",
        "4:68: backlgo is no key of a listener; did you mean backlog?",
      ],
    ],
    [
      serviceFile("greet", '{ url = "udp://127.0.0.1:1", backlog = 5, keep-alive = "60s" }'),
      ['4:65: keep-alive is "60s"; it is for tcp: listeners only: udp://127.0.0.1:1'],
    ],
    [
      serviceFile("greet", '{ url = "tcp://127.0.0.1:1?keepalive=60s", keep-alive = "50s" }'),
      ['4:66: keep-alive is "50s"; it has another value in the URL: tcp://127.0.0.1:1?keepalive=60s'],
    ],
    [
      serviceFile("greet", '{ url = "tcp://127.0.0.1:1", low-water = "1MiB" }'),
      ["4:51: low-water is 1048576; it must be 1 to 65536"],
    ],
    [
      `[server]\nlow-water = "1MiB"\n${serviceFile("greet", '["tcp://127.0.0.1:1", "tcp://127.0.0.1:2"]')}`,
      ["2:13: low-water is 1048576; it must be 1 to 65536"],
    ],
    [
      serviceFile("greet", '"http://127.0.0.1:80/a/?nodelay=off"'),
      [
        '4:10: greet does not speak HTTP, so it cannot be on "http://127.0.0.1:80/a/?nodelay=off"; write "tcp://127.0.0.1:80?nodelay=off"',
      ],
    ],
    [
      serviceFile("greet", '"http+unix:/run/a.sock"'),
      ['4:10: greet does not speak HTTP, so it cannot be on "http+unix:/run/a.sock"; write "unix:/run/a.sock"'],
    ],
    [
      serviceFile("greet", '{ url = "systemd:a", mount = "/" }'),
      ['4:18: greet does not speak HTTP, so it cannot be on "systemd:a"; leave out the mount'],
    ],
    [
      serviceFile("greet", '{ url = "tcp://127.0.0.1:80", mount = "/" }'),
      ['4:48: mount is for listeners that speak HTTP, and "tcp://127.0.0.1:80" is none; leave it out'],
    ],
    [
      serviceFile("web", '"tcp://127.0.0.1:80?nodelay=off"', WEB),
      [
        '4:10: web speaks HTTP alone, so it cannot be on "tcp://127.0.0.1:80?nodelay=off"; write "http://127.0.0.1:80/"',
      ],
    ],
    [
      serviceFile("web", '"udp://127.0.0.1:80"', WEB),
      ['4:10: web speaks HTTP alone, so it cannot be on "udp://127.0.0.1:80"; write "http://127.0.0.1:80/"'],
    ],
    [
      serviceFile("web", '"unix:/run/a.sock"', WEB),
      ['4:10: web speaks HTTP alone, so it cannot be on "unix:/run/a.sock"; write "http+unix:/run/a.sock"'],
    ],
    [
      serviceFile("web", '"vsock://2:80"', WEB),
      ['4:10: web speaks HTTP alone, so it cannot be on "vsock://2:80"; write http+unix:PATH'],
    ],
    [
      serviceFile("status", '"tcp://127.0.0.1:80"'),
      ['4:10: status speaks HTTP alone, so it cannot be on "tcp://127.0.0.1:80"; write "http://127.0.0.1:80/"'],
    ],
    [
      serviceFile("chat", '"udp://127.0.0.1:80"'),
      ['4:10: chat takes no datagrams, so it cannot be on "udp://127.0.0.1:80"; write "tcp://127.0.0.1:80"'],
    ],
    [
      serviceFile("chat", '"unix-dgram:/run/a.sock"'),
      ['4:10: chat takes no datagrams, so it cannot be on "unix-dgram:/run/a.sock"; write "unix:/run/a.sock"'],
    ],
    [
      serviceFile("chat", '"http://127.0.0.1:80/chat"'),
      ['4:10: "http://127.0.0.1:80/chat" lacks the slash behind its path; write "http://127.0.0.1:80/chat/"'],
    ],
    [
      serviceFile("chat", '"http://127.0.0.1:80/chat?nodelay=off"'),
      [
        '4:10: "http://127.0.0.1:80/chat?nodelay=off" lacks the slash behind its path; write "http://127.0.0.1:80/chat/?nodelay=off"',
      ],
    ],
    [
      serviceFile("chat", '"http://127.0.0.1:80/a//b/"'),
      [
        '4:10: "http://127.0.0.1:80/a//b/" has a path that no service can have; write one with a slash at both ends, such as "/chat/"',
      ],
    ],
    [
      serviceFile("chat", '"http://127.0.0.1:80/../"'),
      [
        '4:10: "http://127.0.0.1:80/../" has a path that no service can have; write one with a slash at both ends, such as "/chat/"',
      ],
    ],
    [
      serviceFile("chat", '"http://127.0.0.1:80/a b/"'),
      [
        '4:10: "http://127.0.0.1:80/a b/" has a path that no service can have; write one with a slash at both ends, such as "/chat/"',
      ],
    ],
    [
      serviceFile("chat", '"http://127.0.0.1:80/#a/"'),
      ['4:10: "http://127.0.0.1:80/#a/" has more than a host and a port; write http://HOST:PORT'],
    ],
    [
      serviceFile("chat", '{ url = "http+unix:/a.sock", mount = "chat" }'),
      ['4:47: "chat" has a path that no service can have; write one with a slash at both ends, such as "/chat/"'],
    ],
    [
      serviceFile("chat", '{ url = "http+unix:/a.sock", mount = "/chat" }'),
      ['4:47: "/chat" lacks the slash behind its path; write "/chat/"'],
    ],
    [
      serviceFile("chat", '{ url = "http+unix:/a.sock", mount = 5 }'),
      ['4:47: mount is 5; write a path, such as "/chat/"'],
    ],
    [
      serviceFile("chat", '{ url = "http://127.0.0.1:80/", mount = "/chat/" }'),
      ['4:50: mount is for URLs that have no path; write it into the URL, as in "http://127.0.0.1:80/chat/"'],
    ],
    [
      two(
        serviceFile("greet", '"tcp://127.0.0.1:80"'),
        serviceFile("chat", '["tcp://127.0.0.1:80", "http://127.0.0.1:80/"]'),
      ),
      [
        '8:11: "tcp://127.0.0.1:80" is taken by the service a already; write another address',
        '8:33: "http://127.0.0.1:80" is taken by the service a already; write another address',
      ],
    ],
    [
      serviceFile("greet", '["tcp://127.0.0.1:80", "tcp://127.0.0.1:80?nodelay=off", "udp://127.0.0.1:80"]'),
      ['4:33: "tcp://127.0.0.1:80" is taken by this service already; write another address'],
    ],
    [
      serviceFile("greet", '["unix:/a", "unix-dgram:/a", "unix:@a", "unix:@a", "fd:3", "fd:3"]'),
      [
        '4:22: "unix-dgram:/a" is taken by this service already; write another address',
        '4:50: "unix:@a" is taken by this service already; write another address',
        '4:69: "fd:3" is taken by this service already; write another address',
      ],
    ],
    [
      two(
        serviceFile("web", '"http://127.0.0.1:80/"', WEB),
        serviceFile("chat", '["http://127.0.0.1/", "http://127.0.0.1:80/b/", "http://127.0.0.1:80/b/"]'),
      ),
      [
        '9:11: the path / of "http://127.0.0.1:80" is taken by the service a already; write another path',
        '9:58: the path /b/ of "http://127.0.0.1:80" is taken by this service already; write another path',
      ],
    ],
    [
      two(serviceFile("web", '"http://127.0.0.1:0/"', WEB), serviceFile("chat", '"http://127.0.0.1:0/chat/"')),
      [
        '9:10: "http://127.0.0.1:0/chat/" has the port 0, which is never shared, and the service a has another path on it; write a port in both',
      ],
    ],
    [
      two(
        serviceFile("web", '"http://127.0.0.1:80/"', WEB),
        serviceFile("chat", '"http://127.0.0.1:80/chat/?nodelay=off"'),
      ),
      [
        '9:10: "http://127.0.0.1:80/chat/?nodelay=off" has other options than the service a, which shares the listener; write the same ones',
      ],
    ],
    [
      two(
        serviceFile("web", '{ url = "http://127.0.0.1:80/", backlog = 5 }', WEB),
        serviceFile("chat", '{ url = "http://127.0.0.1:80/chat/", backlog = 6 }'),
      ),
      [
        '9:57: backlog is another one than that of the service a, and both share the listener "http://127.0.0.1:80"; write the same one, or write it into [server]',
      ],
    ],
    [
      two(
        serviceFile("web", '"http://127.0.0.1:80/"', WEB),
        serviceFile("chat", '"http://127.0.0.1:80/chat/"', 'idle-timeout = "5m"'),
      ),
      [
        '10:16: idle-timeout is another one than that of the service a, and both share the listener "http://127.0.0.1:80"; write the same one, or write it into [server]',
      ],
    ],
    [
      two(
        serviceFile("web", '{ url = "https://127.0.0.1:443/", cert = "/a", key = "/b" }', WEB),
        serviceFile("chat", '{ url = "https://127.0.0.1:443/chat/", cert = "/c", key = "/b" }'),
      ),
      [
        '9:56: cert is another one than that of the service a, and both share the listener "https://127.0.0.1:443"; write the same one, or write it into [server]',
      ],
    ],
    [
      two(
        serviceFile("web", '"https://127.0.0.1:443/?cert=/a&key=/b"', WEB),
        serviceFile("chat", '"https://127.0.0.1:443/chat/?cert=/c&key=/b"'),
      ),
      [
        '9:10: "https://127.0.0.1:443/chat/?cert=/c&key=/b" has other options than the service a, which shares the listener; write the same ones',
      ],
    ],
    [
      two(
        serviceFile("web", '"http://127.0.0.1:80/"', WEB, 'max-body = "1MiB"'),
        serviceFile("chat", '"http://127.0.0.1:80/chat/"'),
      ),
      [
        '10:10: max-body is another one than that of the service a, and both share the listener "http://127.0.0.1:80"; write the same one, or write it into [server]',
      ],
    ],
  ])("%#", async (file, mistakes) => {
    expect(await mistakesIn(file)).toEqual(mistakes);
  });

  test("a Unix path is too long with its folder", async () => {
    const [mistake] = await mistakesIn(serviceFile("greet", `"unix:${"x".repeat(107)}"`));
    expect(mistake).toMatch(
      /^4:10: "unix:\/.*x…" is too long; a Unix socket's name has at most 107 bytes, and this one \d+$/,
    );
  });
});
