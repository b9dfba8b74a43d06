// biome-ignore-all lint/suspicious/noTemplateCurlyInString: text of a file, which is not a template.
// Mistakes in a file are reported all at once, with their places and a suggestion.
import { expect, test } from "vitest";
import { greetFile, mistakesIn, serviceFile, siteFile } from "../../../support/plan-reading.ts";

const OPEN = '[[service]]\nname = "a"\n';

test.each<[file: string, mistakes: readonly string[]]>([
  [
    greetFile('retane = "30d"'),
    [
      "5:1: retane is no key of a greet service; there are name, kind, module, listen, greeting, reply, farewell, frame, read-size, close-after-first, delay and those of [server]",
    ],
  ],
  [greetFile('gretting = "hi"'), ["5:1: gretting is no key of a greet service; did you mean greeting?"]],
  [greetFile('idleTimeoutMs = "5s"'), ["5:1: idleTimeoutMs is no key of a greet service; did you mean idle-timeout?"]],
  [greetFile('idle_timeout = "5s"'), ["5:1: idle_timeout is no key of a greet service; did you mean idle-timeout?"]],
  [greetFile("root = 5"), ["5:1: root is no key of a greet service; it is one of web and files"]],
  [
    greetFile("options = { a = 1 }"),
    ["5:1: options is for a module; write the options of a kind as keys of the service"],
  ],
  [
    greetFile("idle-timeout = 30"),
    ['5:16: idle-timeout is 30, a time without its unit; write it as text, such as "30s"'],
  ],
  [greetFile('idle-timeout = "30"'), ['5:16: idle-timeout is "30", a time without its unit; write it, as in "30s"']],
  [greetFile('idle-timeout = "1.5"'), ['5:16: idle-timeout is "1.5", a time without its unit; write it, as in "1.5s"']],
  [
    greetFile('idle-timeout = "soon"'),
    ['5:16: idle-timeout is "soon"; it must be a time, such as 500ms, 2s, 5m, 1h or 1d'],
  ],
  [greetFile("idle-timeout = true"), ['5:16: idle-timeout is true; it must be a time as text, such as "30s"']],
  [greetFile('idle-timeout = "0s"'), ['5:16: idle-timeout is "0s"; it must be 1 to 2147483647 ms']],
  [greetFile("max-connections = 0"), ["5:19: max-connections is 0; it must be 1 to 2147483647"]],
  [greetFile("max-connections = -1.5"), ["5:19: max-connections is -1.5; it must be 1 to 2147483647"]],
  [greetFile("max-connections = inf"), ["5:19: max-connections is Infinity; it must be 1 to 2147483647"]],
  [
    greetFile("max-connections = 1979-05-27"),
    ['5:19: max-connections is "1979-05-27"; it must be a whole number, such as 1000'],
  ],
  [greetFile('max-connections = "many"'), ['5:19: max-connections is "many"; it must be a whole number, such as 1000']],
  [greetFile('frame = "line"'), ['5:9: frame is "line"; it must be "read" or "lines"']],
  [greetFile("frame = [1]"), ['5:9: frame is a list; it must be "read" or "lines"']],
  [greetFile('close-after-first = "yes"'), ['5:21: close-after-first is "yes"; it must be on or off']],
  [greetFile("close-after-first = 1"), ["5:21: close-after-first is 1; it must be true or false"]],
  [greetFile("read-size = 65537"), ["5:13: read-size is 65537; it must be 1 to 65536 bytes"]],
  [
    greetFile('read-size = "1kB"'),
    ['5:13: read-size is "1kB"; it must be a number of bytes, such as 65536, 64KiB or 16MiB'],
  ],
  [greetFile("greeting = 5"), ["5:12: greeting is 5; it must be text"]],
  [
    greetFile('accept-rate-per-address = "5"'),
    ['5:27: accept-rate-per-address is "5"; it must be how often in a time, such as 5/s, 30/m or 2/h'],
  ],
  [
    greetFile("accept-rate-per-address = { per-second = 0, brust = 5 }"),
    [
      "5:42: per-second is 0; it must be above 0 and up to 1000000 a second",
      "5:45: brust is no key of accept-rate-per-address; did you mean burst?",
    ],
  ],
  [greetFile("accept-rate-per-address = 5"), ["5:27: accept-rate-per-address is 5; it must be a rate"]],
  [
    greetFile("alarms = [{ raise-at = 5, clear-at = 5 }, { raise-at = 0 }]"),
    ["5:56: raise-at is 0; it must be 1 to 2147483647"],
  ],
  [greetFile("alarms = [{ raise-at = 5, clear-at = 5 }]"), ["5:38: alarms[0].clear-at is 5; it must be 0 to 4"]],
  [greetFile("alarms = 5"), ["5:10: alarms is 5; it must be a list of levels"]],
  [greetFile("high-water = 10", "max-write-buffer = 5"), ["5:14: high-water is 10; it must be 1 to 5"]],
  [
    greetFile('"bad key\\n" = 1'),
    [
      '5:1: "bad key\\n" is no key of a greet service; there are name, kind, module, listen, greeting, reply, farewell, frame, read-size, close-after-first, delay and those of [server]',
    ],
  ],
  [
    greetFile('greeting = "hi ${HOME}"'),
    [
      '5:12: "hi ${HOME}" has a ${, and nothing is filled in; write the value itself, and a secret into a file that a key such as token-file names',
    ],
  ],
  [
    siteFile('vars = { a = [{ b = "x${Y}" }] }'),
    [
      '6:21: "x${Y}" has a ${, and nothing is filled in; write the value itself, and a secret into a file that a key such as token-file names',
    ],
  ],
  [siteFile("index = [5]"), ["6:10: index[0] is 5; it must be text"]],
  [siteFile('index = ["a", "b/c"]'), ['6:15: index[1] is "b/c"; it must be the name of a file']],
  [siteFile("index = 5"), ["6:9: index is 5; it must be names of files"]],
  [siteFile('cache = { "*.css" = 5 }'), ['6:21: cache."*.css" is 5; it must be text, such as "no-cache"']],
  [
    siteFile('cache = { "{" = "no-cache" }'),
    ['6:17: cache."{" is "no-cache"; it must have its braces in pairs, none in another'],
  ],
  [
    siteFile('headers = { Date = "now" }'),
    ['6:11: headers has "Date"; it must not have header fields that the server sets itself'],
  ],
  [siteFile('headers = { X-A = "a\\nb" }'), ['6:19: headers.X-A is "a\\nb"; it must be one line of latin1']],
  [siteFile('routes = { "go" = "go.html" }'), ['6:10: routes has "go"; it must have paths such as "/go"']],
  [
    siteFile('routes = { "/go" = "../go.html" }'),
    ['6:20: routes."/go" is "../go.html"; it must be a file below the root, such as "pages/go.html"'],
  ],
  [
    siteFile('media-types = { html = "text/html" }'),
    ['6:15: media-types has "html"; it must have extensions such as ".html"'],
  ],
  [siteFile('spa = "/x"'), ['6:7: spa is "/x"; it must be a file below the root, such as "pages/go.html"']],
  [siteFile("spa = 5"), ["6:7: spa is 5; it must be true, false or a file"]],
  [
    siteFile('access-log = "Common"'),
    ['6:14: access-log is "Common"; it must be "common", "combined", "json" or "off"'],
  ],
  [
    siteFile("http = {}"),
    [
      "6:1: http is no key of a web service; there are name, kind, module, listen, index, listing, spa, not-found, dotfiles, symlinks, precompressed, cache, media-types, headers, security-headers, content-security-policy, cache-size, cache-descriptors, routes, templates, vars, access-log, watch, root and those of [server]",
    ],
  ],
  [
    siteFile("vars = { client = 1 }"),
    ['6:8: vars has "client"; it must not have client, query, time, which come from the request'],
  ],
  [
    `${OPEN}kind = "web"\nlisten = "http://127.0.0.1:80/"`,
    ['1:1: the web service has no root; write it, such as root = "public"'],
  ],
  [`${OPEN}kind = "web"\nroot = ""\nlisten = "http://127.0.0.1:80/"`, ['4:8: root is ""; it must be a path']],
  [`${OPEN}kind = "gret"\nlisten = "tcp://127.0.0.1:80"`, ['3:8: kind is "gret"; did you mean greet?']],
  [
    `${OPEN}kind = "ftp"\nlisten = "tcp://127.0.0.1:80"`,
    ['3:8: kind is "ftp"; there are greet, relay, web, files, chat and status'],
  ],
  [
    `${OPEN}kind = 5\nlisten = "tcp://127.0.0.1:80"`,
    ["3:8: kind is 5; there are greet, relay, web, files, chat and status"],
  ],
  [
    `${OPEN}listen = "tcp://127.0.0.1:80"`,
    ["1:1: the service has no kind; write one of greet, relay, web, files, chat and status, or the path of a module"],
  ],
  [
    `${OPEN}kind = "greet"\nmodule = "./a.mjs"\nlisten = "tcp://127.0.0.1:80"`,
    ["4:1: the service has a kind and a module; leave one of them out"],
  ],
  [`${OPEN}module = 5\nlisten = "tcp://127.0.0.1:80"`, ['3:10: module is 5; write a path, such as "./clock.mjs"']],
  [
    `${OPEN}module = "./a.mjs"\noptions = 5\nlisten = "tcp://127.0.0.1:80"`,
    ['4:11: options is 5; write a table, such as { interval = "1s" }'],
  ],
  [
    `${OPEN}module = "./a.mjs"\ninterval = "1s"\nlisten = "tcp://127.0.0.1:80"`,
    ["4:1: interval is no key of a service; write it into options = { … }, which the module is given"],
  ],
  [
    `${OPEN}module = "./a.mjs"\nidle-timeot = "1s"\nlisten = "tcp://127.0.0.1:80"`,
    ["4:1: idle-timeot is no key of a service; did you mean idle-timeout?"],
  ],
  [
    '[[service]]\nkind = "greet"\nlisten = "tcp://127.0.0.1:80"',
    ['1:1: the service has no name; write one, such as name = "greet"'],
  ],
  [
    '[[service]]\nname = "a b"\nkind = "greet"\nlisten = "tcp://127.0.0.1:80"',
    ['2:8: name is "a b"; it must be 1 to 64 letters and digits, and between them also _ . -'],
  ],
  [
    `${greetFile()}\n${greetFile().replace("8000", "8001")}`,
    ["6:8: the name greet is taken by a service above; write another one"],
  ],
  [
    serviceFile("chat", '"tcp://127.0.0.1:7000"', 'retane = "30d"'),
    ["5:1: retane is no key of a chat service; did you mean retain?"],
  ],
  [
    serviceFile("chat", '"tcp://127.0.0.1:7000"', "retain = 30"),
    ['5:10: retain is 30, a time without its unit; write it as text, such as "30s"'],
  ],
  [
    serviceFile("chat", '"tcp://127.0.0.1:7000"', 'retain = "200y"'),
    ['5:10: retain is "200y"; it must be a time, such as 12h or 30d'],
  ],
  [
    serviceFile("chat", '"tcp://127.0.0.1:7000"', "message-rate = 5", 'max-message = "1MiB"'),
    ['6:15: max-message is "1MiB"; it must be 1 to 32768 bytes'],
  ],
  [
    serviceFile("chat", '"tcp://127.0.0.1:7000"', 'hosts = ["a b"]'),
    [
      '5:10: hosts[0] is "a b"; it must be a name such as "chat.example.org", with a port or not, or an origin such as "https://chat.example.org"',
    ],
  ],
  [
    serviceFile("status", '"http://*:8080/"'),
    [
      '4:10: "http://*:8080" is no place for status: it can be reached from other machines, and has no token-file; write one, such as token-file = "status.token"',
    ],
  ],
  [
    serviceFile("status", '"http://*:8080/"', 'token-file = ""', "clock = 5"),
    [
      '5:14: token-file is ""; it must be a path',
      "6:1: clock is no key of a status service; there are name, kind, module, listen, metrics, token-file, hosts, sample-interval, history, max-watchers, max-rows and those of [server]",
    ],
  ],
  ['[service]\nname = "a"', ["1:1: [service] is one table, and services are many; write [[service]] for each of them"]],
  ["service = 5", ["1:11: service is 5; write [[service]] for each of them"]],
  ["service = [5]", ["1:12: a service is 5; write a table, [[service]]"]],
  [`server = 5\n${greetFile()}`, ["1:10: server is 5; write a table, [server]"]],
  [`admin = 5\n${greetFile()}`, ["1:9: admin is 5; write a table, [admin]"]],
  [
    `[admin]\nsocket = 5\nsoket = 1\n${greetFile()}`,
    [
      "2:10: socket is 5; it must be the path of a Unix socket",
      "3:1: soket is no key of [admin]; did you mean socket?",
    ],
  ],
  [`[servers]\n${greetFile()}`, ["1:1: servers is no table of the file; did you mean [server]?"]],
  [`[services]\n${greetFile()}`, ["1:1: services is no table of the file; did you mean [[service]]?"]],
  [
    `max-connections = 5\nhello = 1\n${greetFile()}`,
    [
      "1:1: max-connections is no table of the file; write it into [server]",
      "2:1: hello is no table of the file; there are [admin], [server] and [[service]]",
    ],
  ],
  [
    `[server]\nname = "x"\nmax-conections = 5\n${greetFile()}`,
    [
      "2:1: name is no key of [server]; write it into a [[service]]",
      "3:1: max-conections is no key of [server]; did you mean max-connections?",
    ],
  ],
  [
    `[server]\nuser = "a"\n${greetFile('user = "b"', 'group = ""')}`,
    [
      '7:8: user is "b", and "a" elsewhere; one process has one user, so write it once, into [server]',
      '8:9: group is ""; write a name or a number',
    ],
  ],
  [
    `__proto__ = 1\n${greetFile("__proto__ = 1", "constructor = 2", "toString = 3")}`,
    [
      "1:1: __proto__ is no table of the file; there are [admin], [server] and [[service]]",
      "6:1: __proto__ is no key of a greet service; there are name, kind, module, listen, greeting, reply, farewell, frame, read-size, close-after-first, delay and those of [server]",
      "7:1: constructor is no key of a greet service; there are name, kind, module, listen, greeting, reply, farewell, frame, read-size, close-after-first, delay and those of [server]",
      "8:1: toString is no key of a greet service; there are name, kind, module, listen, greeting, reply, farewell, frame, read-size, close-after-first, delay and those of [server]",
    ],
  ],
  [
    `[__proto__]\nx = 1\n[server.__proto__]\ny = 1\n${greetFile()}`,
    [
      "1:1: __proto__ is no table of the file; there are [admin], [server] and [[service]]",
      "3:1: __proto__ is no key of [server]; there are max-read-buffer, high-water, low-water, max-write-buffer, when-write-buffer-full, drain-timeout, first-byte-timeout, idle-timeout, read-timeout, write-timeout, total-timeout, cert, key, ca, crl, client, alpn, min, servername, pin, detect-truncation, transport, backlog, when-full and 27 more",
    ],
  ],
])("%#", async (file, mistakes) => {
  expect(await mistakesIn(file)).toEqual(mistakes);
});

test("the path of an admin socket is too long with its folder", async () => {
  const [mistake] = await mistakesIn(`[admin]\nsocket = "${"x".repeat(108)}"\n${greetFile()}`);
  expect(mistake).toMatch(/^2:10: socket is too long; a Unix socket's name has at most 107 bytes, and this one \d+$/);
});

test("many mistakes of any kind are reported at once, in the order of the file", async () => {
  const file = `${greetFile('frame = "line"', "retane = 1")}\n[server]\nmax-connections = 0\n${serviceFile("gret", "5")}`;
  expect(await mistakesIn(file)).toEqual([
    '5:9: frame is "line"; it must be "read" or "lines"',
    expect.stringMatching(/^6:1: retane is no key of a greet service; /),
    "8:19: max-connections is 0; it must be 1 to 2147483647",
    '11:8: kind is "gret"; did you mean greet?',
    expect.stringMatching(/^12:10: a listener is 5; /),
  ]);
});

test("places are right with CRLF, a byte order mark, dotted keys and nested tables", async () => {
  expect(await mistakesIn(`\ufeff${greetFile("retane = 1").replaceAll("\n", "\r\n")}`)).toEqual([
    expect.stringMatching(/^5:1: retane /),
  ]);
  expect(await mistakesIn(siteFile('cache."*.css" = 5', "[service.headers]", '  Date = "now"', '  "X-A" = 1'))).toEqual(
    [
      '6:17: cache."*.css" is 5; it must be text, such as "no-cache"',
      expect.stringMatching(/^7:1: headers has "Date"; /),
    ],
  );
  expect(await mistakesIn(`service = [{ name = "a", kind = "greet", listen = "x" }]`)).toEqual([
    expect.stringMatching(/^1:51: "x" has no scheme; /),
  ]);
});

test("a message is one line and escapes invisible characters", async () => {
  const [mistake] = await mistakesIn(greetFile('"a\\u202e\\u0085\\u2028b" = 1'));
  expect(mistake).toMatch(/^5:1: "a\\u\{202e\}\\u\{85\}\\u\{2028\}b" is no key/);
});
