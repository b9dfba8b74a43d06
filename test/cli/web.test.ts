// `sockwright web` as a user starts it; its errors are one line, and exit code 2.
import { mkdirSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type RequestOptions, request } from "node:http";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Child, startChild } from "../support/child.ts";
import { requireTool } from "../support/tools.ts";
import { runHere } from "./in-process.ts";
import { freeFolder, program, start } from "./sockwright.ts";

const ANY = ["--listen", "http://127.0.0.1:0"] as const;

/** A folder with the given files. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = freeFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server that is ready. */
async function startWeb(...args: readonly string[]): Promise<{ child: Child; url: string }> {
  const child = await start("web", ...args);
  const [, url = ""] = await child.line(/^listening on (.+)$/);
  return { child, url };
}

/** The answer to one request. The client does not normalize paths. */
async function ask(url: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return await answerTo({ hostname, port, path, headers });
}

async function answerTo(to: RequestOptions): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(to, resolve).on("error", reject).end();
  });
  let body = "";
  for await (const piece of response.setEncoding("utf8")) body += piece;
  return { status: response.statusCode, headers: response.headers, body };
}

async function stopped(child: Child): Promise<string> {
  child.kill("SIGINT");
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.stderr).toBe("");
  return child.stdout;
}

describe("listeners", () => {
  test.for([[["0"]], [ANY], [["--listen", "tcp://127.0.0.1:0"]]] as const)("%j", async ([where]) => {
    const { child, url } = await startWeb(folderOf({ "index.html": "here" }), ...where);
    expect(url).toMatch(/^(?:http|tcp):\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(await ask(url, "/")).toMatchObject({ status: 200, body: "here" });
    await stopped(child);
  });

  test("a Unix socket, beside another address", async () => {
    const folder = folderOf({ a: "a" });
    const socketPath = join(freeFolder(), "web.sock");
    const { child } = await startWeb(folder, "--listen", `http+unix:${socketPath}`, ...ANY);
    const [, second = ""] = await child.line(/^listening on (.+)$/);
    expect(await answerTo({ socketPath, path: "/a" })).toMatchObject({ status: 200, body: "a" });
    expect(await ask(second, "/a")).toMatchObject({ status: 200, body: "a" });
    await stopped(child);
  });

  test("https: on loopback: a certificate that is told, and a peer that refuses it fills no log", async (context) => {
    requireTool(context, "curl");
    const child = await start("web", folderOf({ "index.html": "here" }), "--listen", "https://127.0.0.1:0");
    const [, pin = ""] = await child.line(
      /^made a self-signed certificate for https:\/\/127\.0\.0\.1:0: (sha256:[0-9a-f]{64})$/,
    );
    const [, url = ""] = await child.line(/^listening on (https:.+)$/);
    const shown = await runHere(["tls", `${url}?pin=${pin}`]);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    const refusing = await startChild("curl", ["-s", url]);
    expect((await refusing.exit()).code).toBe(60);
    const accepting = await startChild("curl", ["-sk", url]);
    await accepting.exit();
    expect(accepting.stdout).toBe("here");
    expect((await stopped(child)).match(/failed/)).toBeNull();
  });

  test("a port that is in use: one line, exit code 1", async () => {
    const holder = createServer();
    onTestFinished(() => new Promise<void>((resolve) => holder.close(() => resolve())));
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const address = holder.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const { code, stdout, stderr } = await runHere(["web", folderOf({}), `${address.port}`]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^sockwright: http:\/\/127\.0\.0\.1:\d+: the address is taken: choose another, or port 0 for any free one [^\n]*\n$/,
    );
  });

  test("a path that is a regular file: the error says so", async () => {
    const folder = folderOf({ a: "a" });
    const { code, stderr } = await runHere(["web", folder, "--listen", `http+unix:${folder}/a`]);
    expect(code).toBe(1);
    expect(stderr).toContain("the path is a file, not a socket: choose another path");
  });
});

test.for(["serve", "http-server", "static"])("%s is told that it is web", async (name) => {
  const { code, stderr } = await runHere([name, "public"]);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: `sockwright: unknown command '${name}': write sockwright web public\n`,
  });
});

test("a folder as the command: the error names the right command", async () => {
  expect((await runHere(["./public"])).stderr).toBe(
    "sockwright: unknown command './public': write sockwright web ./public\n",
  );
});

describe("the access log", () => {
  const agent = { "User-Agent": "test", Referer: "http://here/" };
  const TIME = "\\[\\d\\d/[A-Z][a-z]{2}/\\d{4}:\\d\\d:\\d\\d:\\d\\d \\+0000\\]";

  test.for([
    [[], `^127\\.0\\.0\\.1 - - ${TIME} "GET /a\\?x HTTP/1\\.1" 200 1$`],
    [["--access-log", "common"], `^127\\.0\\.0\\.1 - - ${TIME} "GET /a\\?x HTTP/1\\.1" 200 1$`],
    [["--access-log", "combined"], `^127\\.0\\.0\\.1 - - ${TIME} "GET /a\\?x HTTP/1\\.1" 200 1 "http://here/" "test"$`],
  ] as const)("%j", async ([args, line]) => {
    const { child, url } = await startWeb(folderOf({ a: "a" }), ...ANY, ...args);
    await ask(url, "/a?x", agent);
    await child.line(new RegExp(line));
    await stopped(child);
  });

  test("in JSON", async () => {
    const { child, url } = await startWeb(folderOf({ a: "a" }), ...ANY, "--access-log", "json");
    await ask(url, "/a", agent);
    const [line] = await child.line(/^\{.*\}$/);
    expect(JSON.parse(line)).toMatchObject({
      host: "127.0.0.1",
      method: "GET",
      target: "/a",
      status: 200,
      bodyBytes: 1,
    });
    await stopped(child);
  });

  test("off", async () => {
    const { child, url } = await startWeb(folderOf({ a: "a" }), ...ANY, "--access-log", "off");
    expect((await ask(url, "/a")).status).toBe(200);
    expect(await stopped(child)).toBe(`listening on ${url}\n`);
  });

  test("--json: each line of the output is a JSON object", async () => {
    const child = await start("web", folderOf({ a: "a" }), ...ANY, "--json");
    const [first] = await child.line(/^\{.*\}$/);
    const { url } = JSON.parse(first) as { url: string };
    await ask(url, "/a");
    await child.line(/"target":"\/a"/);
    const lines = (await stopped(child)).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { event: "listening", url },
      { method: "GET", target: "/a", status: 200 },
    ]);
  });
});

test("content", async () => {
  const folder = folderOf({
    "main.html": "main",
    "style.css": "css",
    "data.tab": "tab",
    "sub/file": "file",
    "lost.html": "lost",
    ".well-known/a": "known",
    ".secret": "secret",
  });
  const { child, url } = await startWeb(
    folder,
    ...ANY,
    ...["--index", "index.html", "--index", "main.html", "--listing", "--not-found", "lost.html"],
    ...[
      "--cache",
      "*.css=max-age=3600",
      "--cache",
      "*=no-store",
      "--type",
      ".tab=text/plain",
      "--header",
      "Server: mine",
    ],
    ...["--header", "X-Colon: a: b", "--csp", "default-src 'self'", "--security-headers", "--dotfiles", "well-known"],
  );
  expect(await ask(url, "/")).toMatchObject({ status: 200, body: "main", headers: { "cache-control": "no-store" } });
  const { headers } = await ask(url, "/style.css");
  expect(headers).toMatchObject({
    "cache-control": "max-age=3600",
    server: "mine",
    "x-colon": "a: b",
    "content-security-policy": "default-src 'self'",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "strict-origin-when-cross-origin",
  });
  expect((await ask(url, "/data.tab")).headers["content-type"]).toMatch(/^text\/plain/);
  const listing = await ask(url, "/sub/");
  expect(listing.status).toBe(200);
  expect(listing.body).toContain("file");
  expect(await ask(url, "/nowhere")).toMatchObject({ status: 404, body: "lost" });
  expect(await ask(url, "/.well-known/a")).toMatchObject({ status: 200, body: "known" });
  expect((await ask(url, "/.secret")).status).toBe(404);
  expect((await ask(url, "/../sub/file")).body).not.toBe("file");
  await stopped(child);
});

test.for([
  [["--spa"], "index"],
  [["--spa", "app.html"], "app"],
] as const)("%j is sent for pages that are not there", async ([args, body]) => {
  const { child, url } = await startWeb(folderOf({ "index.html": "index", "app.html": "app" }), ...ANY, ...args);
  expect(await ask(url, "/users/7")).toMatchObject({ status: 200, body });
  expect((await ask(url, "/users/7.png")).status).toBe(404);
  await stopped(child);
});

describe("templates", () => {
  test("--route, --template, --var, --vars", async () => {
    const folder = folderOf({
      "go.html": "{{> parts/a.html}}{{two}} {{query.q}}",
      "parts/a.html": "{{one}} ",
      "parts/b.html": "b",
    });
    const vars = join(folderOf({ "vars.json": '{"one":"file","two":["x"],"list":[1]}' }), "vars.json");
    const { child, url } = await startWeb(
      folder,
      ...ANY,
      ...["--route", "/go=go.html", "--template", "parts/**", "--vars", vars, "--var", "two=<a=b>"],
    );
    expect((await ask(url, "/go?q=1")).body).toBe("file &lt;a=b&gt; 1");
    for (const path of ["/go.html", "/parts/a.html", "/parts/b.html"]) expect((await ask(url, path)).status).toBe(404);
    await stopped(child);
  });

  test("after a broken change, the command reports it and serves the last good page", async () => {
    const folder = folderOf({ "go.html": "one" });
    const { child, url } = await startWeb(folder, ...ANY, "--route", "/go=go.html", "--access-log", "off");
    writeFileSync(join(folder, "go.html"), "\n{{#if a}}");
    while (!child.stdout.includes("failed")) expect((await ask(url, "/go")).body).toBe("one");
    await child.line(/^failed: go\.html:2: \S/);
    await stopped(child);
  });

  test.for([
    ["{{client.address}} {{title}}", [], 0, ""],
    ["\n{{nobody}}{{query.a}}", [], 2, "go.html:2: the variable nobody has no value\n"],
    ["{{a}}\n{{b.c}}", [], 2, "go.html:1: the variable a has no value\ngo.html:2: the variable b.c has no value\n"],
    ["{{a}}", ["--var", "a=1"], 0, ""],
  ] as const)("--check of %j with %j listens to nothing", async ([template, args, code, stdout]) => {
    const folder = folderOf({ "go.html": template });
    const given = ["--route", "/go=go.html", "--var", "title=t", "--check", ...args];
    // A privileged port: the command does not get as far as the bind.
    const outcome = await runHere(["web", folder, "--listen", "http://192.0.2.1:1", ...given]);
    expect(outcome).toEqual({ code, stdout, stderr: "" });
  });
});

test("--check --json: one object for each variable without a value", async () => {
  const folder = folderOf({ "go.html": "\n{{nobody}}" });
  const { code, stdout } = await runHere(["web", folder, "--route", "/go=go.html", "--check", "--json"]);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toEqual({ event: "unknown", file: "go.html", line: 2, name: "nobody" });
});

test("a client that disconnects during an answer is not an error, and has its line in the log", async () => {
  const { child, url } = await startWeb(folderOf({ large: "x".repeat(16 * 1024 * 1024) }), ...ANY);
  const { hostname, port } = new URL(url);
  await new Promise<void>((resolve) => {
    const asked = request({ hostname, port, path: "/large" }, (response) => {
      response.once("data", () => response.destroy());
      response.once("close", resolve);
    });
    asked.end();
  });
  await child.line(/"GET \/large HTTP\/1\.1" 200 0$/);
  expect(await stopped(child)).not.toContain("failed");
});

describe("signals", () => {
  test("a signal stops the server, which completes the answers in progress", async () => {
    const size = 16 * 1024 * 1024;
    const { child, url } = await startWeb(folderOf({ large: "x".repeat(size) }), ...ANY, "--grace", "1h");
    const { hostname, port } = new URL(url);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ hostname, port, path: "/large" }, resolve).on("error", reject).end();
    });
    child.kill("SIGTERM");
    let bytes = 0;
    for await (const piece of response) bytes += (piece as Buffer).length;
    expect(bytes).toBe(size);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.stdout).toMatch(/"GET \/large HTTP\/1\.1" 200 16777216\n$/);
  });

  test("a second signal ends the server at once", async () => {
    const { child, url } = await startWeb(folderOf({ large: "x".repeat(64 * 1024 * 1024) }), ...ANY, "--grace", "1h");
    const { hostname, port } = new URL(url);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ hostname, port, path: "/large" }, resolve).on("error", reject).end();
    });
    onTestFinished(() => void response.destroy());
    response.on("error", () => undefined);
    child.kill("SIGINT");
    child.kill("SIGTERM");
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });
});

describe("an error is one clear line, and exit code 2", () => {
  const FILES = {
    "a.txt": "a",
    "if.html": "\n{{#if a}}",
    "script.html": "\n\n<script>{{a}}</script>",
    "include.html": "\n{{> nowhere.html}}",
    "good.html": "{{a}}",
    "sub/a": "",
  };

  test.for<[args: string[], said: string]>([
    [["ROOT/nowhere"], "ROOT/nowhere: there is no such folder"],
    [["ROOT/a.txt"], "ROOT/a.txt: it is not a folder: write the folder that it is in"],
    [["8080"], "8080: there is no such folder: write the folder first, as in  sockwright web . 8080"],
    [["ROOT/nowhere", "--check"], "ROOT/nowhere: there is no such folder"],
    [[], "a folder is missing: write  sockwright web ROOT"],
    [[""], "a folder is missing"],
    [["ROOT", "80", "81"], "too many arguments for 'web'"],
    [["ROOT", "70000"], '"70000" is not a port: write a number from 0 to 65535'],
    [["ROOT", "http"], '"http" is not a port'],
    [
      ["ROOT", "localhost:81"],
      '"localhost:81" is not a port: write a number from 0 to 65535, or --listen http://localhost:81',
    ],
    [["ROOT", ":81"], "or --listen http://127.0.0.1:81"],
    [["ROOT", "http://127.0.0.1:81"], "or --listen http://127.0.0.1:81"],
    [["ROOT", "0", "--listen", "http://127.0.0.1:0"], "both say where to listen"],
    [["ROOT", "--listen"], "option '--listen <url>' argument missing: see  sockwright web --help"],
    [["ROOT", "--listen", "tpc://127.0.0.1:0"], "did you mean tcp:?"],
    [["ROOT", "--listen", "127.0.0.1:8080"], "has no scheme: write http://127.0.0.1:8080"],
    [["ROOT", "--listen", "8080"], '"8080" has no scheme: write http://127.0.0.1:8080'],
    [["ROOT", "--listen", ":8080"], '":8080" has no scheme: write http://127.0.0.1:8080'],
    [["ROOT", "--listen", "localhost"], '"localhost" has no scheme: write http://localhost:PORT'],
    [["ROOT", "--listen", "/run/a.sock"], '"/run/a.sock" has no scheme: write http+unix:/run/a.sock'],
    [
      ["ROOT", "--listen", "https://0.0.0.0:0"],
      "needs a certificate, cert and key: make them with  sockwright cert NAME",
    ],
    [
      ["ROOT", "--listen", "https+unix:a.sock"],
      "needs a certificate, cert and key: make them with  sockwright cert NAME",
    ],
    [["ROOT", "--listen", "tls://127.0.0.1:0"], "is not for HTTP: write https://127.0.0.1:0"],
    [["ROOT", "--listen", "https://localhost:0?cert=no.pem&key=no.key"], 'cert "no.pem": there is no such file'],
    [["ROOT", "--listen", "HTTP://127.0.0.1:80"], "which is no kind of socket: write http://127.0.0.1:80"],
    [["ROOT", "--listen", "udp://127.0.0.1:0"], "is not a stream socket, which HTTP needs: write http://HOST:PORT"],
    [["ROOT", "--listen", "http://127.0.0.1:70000"], "a port is a number from 0 to 65535"],
    [["ROOT", "--dotfiles", "all"], "Allowed choices are hidden, well-known, shown"],
    [["ROOT", "--symlinks", "all"], "Allowed choices are deny, inside, follow"],
    [["ROOT", "--access-log", "clf"], "Allowed choices are common, combined, json, off"],
    [["ROOT", "--grace", "soon"], '--grace "soon" is not a time: write 500ms, 2s, 5m, 1h or 1d'],
    [["ROOT", "--listng"], "unknown option '--listng' (did you mean --listing?)"],
    [["ROOT", "-p", "80"], "write the port after the folder, as in  sockwright web ROOT 80"],
    [["ROOT", "--port", "80"], "write the port after the folder, as in  sockwright web ROOT 80"],
    [["ROOT", "-l", "tcp://0.0.0.0:80"], "write --listen http://0.0.0.0:80"],
    [["ROOT", "-s"], "write --spa"],
    [["ROOT", "--host", "0.0.0.0"], "write --listen http://0.0.0.0:8080"],
    [["ROOT", "-b", "0.0.0.0"], "write --listen http://0.0.0.0:8080"],
    [["80", "--directory", "ROOT"], "write the folder first, as in  sockwright web ROOT"],
    [["ROOT", "--dev"], "write --watch"],
    [["ROOT", "-q"], "write --access-log off"],
    [["ROOT", "--maxage", "60"], "write --cache '*=max-age=60'"],
    [["ROOT", "--immutable"], "write --cache '*=max-age=31536000, immutable'"],
    [["ROOT", "--gzip"], "leave it out: FILE.br and FILE.gz are sent where they exist"],
    [
      ["ROOT", "--ssl-cert", "a.pem"],
      "write  sockwright web ROOT --listen 'https://127.0.0.1:8443?cert=a.pem&key=FILE'",
    ],
    [["ROOT", "--tls"], "--listen https://127.0.0.1:8443 , which makes a certificate by itself"],
    [["ROOT", "--etag"], "leave it out"],
    [["ROOT", "-o"], "open the address that is printed"],
    [["ROOT", "--cors"], "write --header 'Access-Control-Allow-Origin: *'"],
    [["ROOT", "--bogus"], "unknown option '--bogus': see  sockwright web --help"],
    [["ROOT", "--index", ""], "--index must be the name of a file. It is ''"],
    [["ROOT", "--index", "a/b"], "--index must be the name of a file. It is 'a/b'"],
    [["ROOT", "--spa", "../x"], "--spa must be a file below the root"],
    [["ROOT", "--not-found", "../x"], "--not-found must be a file below the root"],
    [["ROOT", "--cache", "x"], '--cache "x" is not in the form PATTERN=VALUE'],
    [["ROOT", "--cache", "{=no-cache"], "--cache must have its braces in pairs"],
    [["ROOT", "--cache", "*=a", "--cache", "*=b"], '--cache has "*" twice'],
    [["ROOT", "--type", ".x"], '--type ".x" is not in the form .EXT=TYPE'],
    [["ROOT", "--type", "html=text/html"], '--type must have extensions such as ".html"'],
    [["ROOT", "--type", ".x=y"], "--type must be such as \"text/html\". It is 'y'"],
    [["ROOT", "--header", "x"], '--header "x" is not in the form NAME: VALUE'],
    [["ROOT", "--header", "a b: c"], "--header must have names of header fields. It is 'a b'"],
    [
      ["ROOT", "--header", "Date: now"],
      "--header must not have header fields that the server sets itself. It is 'Date'",
    ],
    [["ROOT", "--header", "X: a\nb"], "--header must be one line of latin1. It is 'a\\nb'"],
    [["ROOT", "--csp", "a\nb"], "--csp must be one line of latin1"],
    [["ROOT", "--route", "go"], '--route "go" is not in the form PATH=FILE'],
    [["ROOT", "--route", "go=good.html"], "--route must have paths such as \"/go\". It is 'go'"],
    [["ROOT", "--route", "/go="], "--route must be a file below the root"],
    [["ROOT", "--route", "/go=../good.html"], "--route must be a file below the root"],
    [["ROOT", "--route", "/go=nowhere.html"], "nowhere.html:1: no such file"],
    [["ROOT", "--route", "/go=sub"], "sub:1: it is a directory"],
    [["ROOT", "--route", "/go=if.html"], "if.html:2: {{#if}} has no {{/if}}"],
    [["ROOT", "--route", "/go=script.html"], "script.html:3: a tag stands within <script>"],
    [["ROOT", "--route", "/go=include.html"], "include.html:2: nowhere.html cannot be included: no such file"],
    [["ROOT", "--route", "/go=include.html", "--check"], "include.html:2: nowhere.html cannot be included"],
    [["ROOT", "--template", ""], "--template must have 1 to 256 letters"],
    [["ROOT", "--var", "x"], '--var "x" is not in the form NAME=TEXT'],
    [["ROOT", "--var", "x=1", "--var", "x=2"], '--var has "x" twice'],
    [["ROOT", "--var", "a.b=1"], "--var a.b has a dot"],
    [["ROOT", "--var", "client=1"], "--var and --vars must not have client, query, time, which come from the request"],
    [["ROOT", "--vars", "ROOT/nowhere.json"], "--vars ROOT/nowhere.json cannot be read: ENOENT"],
    [["ROOT", "--vars", "ROOT/a.txt"], "--vars ROOT/a.txt is not valid JSON: "],
  ])("%j", async ([args, said]) => {
    const root = folderOf(FILES);
    const outcome = await runHere(["web", ...args.map((arg) => arg.replace("ROOT", root))]);
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toMatch(/^sockwright: \S[^\n]*\n$/);
    expect(outcome.stderr).not.toMatch(/ at |node:|file:\/\/|undefined|\[object|unexpected error/);
    expect(outcome.stderr.replaceAll(root, "ROOT")).toContain(said);
  });

  test("--json: the error is an object", async () => {
    const { code, stdout, stderr } = await runHere(["web", ".", "--json", "--route", "go"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(stderr)).toEqual({
      event: "error",
      message: '--route "go" is not in the form PATH=FILE',
      exitCode: 2,
    });
  });

  test("--vars that is not a JSON object", async () => {
    const vars = join(folderOf({ "vars.json": "[1]" }), "vars.json");
    const { code, stderr } = await runHere(["web", ".", "--vars", vars]);
    expect(code).toBe(2);
    expect(stderr).toBe(`sockwright: --vars ${vars} is not a JSON object\n`);
  });

  // Without its capabilities, root is subject to the same permission checks as any user.
  test("a folder without read permission", async (context) => {
    const root = join(freeFolder(), "closed");
    mkdirSync(root, { mode: 0 });
    const args = ["--bounding-set=-all", process.execPath, program, "web", root, ...ANY];
    const child = await startChild(requireTool(context, "setpriv"), args);
    expect(await child.exit()).toEqual({ code: 2, signal: null });
    expect(child.stdout).toBe("");
    expect(child.stderr).toBe(`sockwright: ${root}: no permission to read the folder\n`);
  });
});

test("the help names every option, and the signals that end the server", async () => {
  const { code, stdout } = await runHere(["web", "--help"]);
  expect(code).toBe(0);
  const source = [
    "listen",
    "index",
    "listing",
    "spa",
    "not-found",
    "dotfiles",
    "symlinks",
    "no-precompressed",
    "cache",
  ];
  const further = [
    "type",
    "header",
    "security-headers",
    "csp",
    "route",
    "template",
    "var",
    "vars",
    "check",
    "access-log",
  ];
  for (const name of [...source, ...further, "watch", "grace", "json"]) expect(stdout).toContain(`--${name}`);
  expect(stdout).toContain("Exit codes:");
});
