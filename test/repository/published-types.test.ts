// What the published declarations say, dist/*.d.ts: all of layer 2 is there, and nothing that is ours alone.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { below } from "./pages.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const ENTRIES = [
  "index",
  "codec",
  "http",
  "server",
  "socketserver",
  "testing",
  "services/chat/chat",
  "services/files/files",
  "services/greet/greet",
  "services/relay/relay",
  "services/web/web",
].map((name) => `${root}dist/${name}.d.ts`);

const program = ts.createProgram(ENTRIES, {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  types: ["node"],
  strict: true,
  noEmit: true,
});
const checker = program.getTypeChecker();

function unaliased(symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

/** What an entry exports, by its name. */
function exportsOf(entry: string): ReadonlyMap<string, ts.Symbol> {
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${entry} exports nothing: build first`);
  return new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, unaliased(symbol)]));
}

const exported = new Set(ENTRIES.flatMap((entry) => [...exportsOf(entry).values()].flatMap(withClass)));

/** A class that is exported as the type of a value is written by that name: what it names counts, too. */
function withClass(symbol: ts.Symbol): readonly ts.Symbol[] {
  const isMadeByValue =
    (symbol.flags & ts.SymbolFlags.Variable) !== 0 && (symbol.flags & ts.SymbolFlags.TypeAlias) !== 0;
  return isMadeByValue ? [symbol, checker.getDeclaredTypeOfSymbol(symbol).symbol] : [symbol];
}

/** The names of layer 2 and their members; a function has its parameters, without the mark of those that can be left out. */
const LAYER_2: Readonly<Record<string, string>> = {
  serve: "listeners service options",
  connect: "target options",
  ConnectionOptions:
    "maxReadBufferBytes highWaterBytes lowWaterBytes maxWriteBufferBytes whenWriteBufferFull drainTimeoutMs " +
    "firstByteTimeoutMs idleTimeoutMs readTimeoutMs writeTimeoutMs totalTimeoutMs",
  CommonOptions:
    "transport backlog whenFull handshake handshakeTimeoutMs maxHandshakes maxHandshakesPerAddress " +
    "keepAliveMs userTimeoutMs noDelay cert key ca crl client alpn min servername pin detectTruncation",
  ListenerOptions: "url maxConnections transport handshake idleTimeoutMs",
  ListenerInput: "",
  Listeners: "",
  ServeOptions:
    "maxConnections maxConnectionsPerAddress acceptRatePerAddress datagramRatePerAddress maxPendingReplies " +
    "maxPendingRepliesPerAddress alarms onAlarm onError context transport handshake idleTimeoutMs",
  TlsOptions: "cert key ca crl client alpn min servername pin",
  UpgradeTlsOptions: "cert key ca crl client alpn min servername pin role handshakeTimeoutMs",
  TlsInfo: "version cipher serverName alpn peerCertificate fingerprint",
  ConnectOptions: "transport signal timeoutMs idleTimeoutMs handshakeTimeoutMs ca pin",
  ConnectTarget: "url transport signal timeoutMs",
  Service: "name stream datagram start stop",
  ServiceInput: "",
  Handshake: "",
  DatagramMessage: "data peer reply",
  ConnectionInfo: "id url peer state openedAt bytesRead bytesWritten",
  CloseSummary: "aborted unfinished",
  Server: "urls closed stats connections abort reload close [asyncDispose]",
  CloseOptions: "graceMs signal",
  ReloadOptions: "listeners service options",
  WaitOptions: "timeoutMs signal",
  LimitedRead: "timeoutMs signal maxBytes",
  LingerOptions: "lingerMs idleMs",
  SendFileOptions: "offset length head",
  Push: "pause resume stop",
  ConnectionDeadline: "start cancel",
  Connection:
    "id peer peerCredentials proxy tls upgradeTls signal bytesRead bytesWritten stats read readExactly readUntil onBytes frames write writeLent " +
    "drained flushed sendFile deadline hold stream webStreams end close abort [asyncIterator] [asyncDispose]",
  Frames: "read onFrame write skip release next return [asyncIterator]",
  ConnectionStream:
    "remoteAddress remotePort remoteFamily setTimeout setNoDelay setKeepAlive ref unref destroySoon bytesRead bytesWritten",
  ConnectionStats: "bytesRead bytesUnread bytesWritten bytesWaiting writesDropped openedAt durationMs",
};

/** The properties that a type has, whichever of its parts they come from; of a function the parameters. */
function membersOf(symbol: ts.Symbol): readonly string[] {
  const [declaration] = symbol.declarations ?? [];
  if (declaration !== undefined && ts.isFunctionDeclaration(declaration)) {
    return declaration.parameters.map(({ name }) => name.getText());
  }
  // A symbol of the language is named `__@asyncDispose@123` in the compiler.
  const name = (member: ts.Symbol): string => member.name.replace(/^__@(\w+)@\d+$/, "[$1]");
  const members = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)).map(name);
  return members.filter((member) => member !== "#private");
}

describe("layer 2, as it is published", () => {
  const server = exportsOf(`${root}dist/server.d.ts`);

  test.for(Object.entries(LAYER_2))("%s", ([name, members]) => {
    const symbol = server.get(name);
    expect(symbol, `${name} is exported`).toBeDefined();
    if (symbol === undefined) return;
    const has = membersOf(symbol);
    expect(members.split(" ").filter((member) => member !== "" && !has.includes(member))).toEqual([]);
    if (server.get(name)?.flags === ts.SymbolFlags.Function) expect(has.join(" ")).toBe(members);
  });

  test("what a user is given and does not make is a type: no class to call new on", () => {
    const source = readFileSync(`${root}dist/server.d.ts`, "utf8");
    for (const name of ["Connection", "Frames", "Server", "ConnectionStream"]) {
      expect(source).toMatch(new RegExp(`\\btype ${name}\\b|export type \\{[^}]*\\b${name}\\b`));
    }
  });
});

// As a program is compiled that does not skip the check of libraries: TypeScript checks them unless it is told not to.
test("the declarations have no error of their own: none names what stripInternal has left out", () => {
  const complaints = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    return `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
  expect(complaints).toEqual([]);
});

describe("what is ours alone", () => {
  test("is marked nowhere: stripInternal has left it out", () => {
    const files = below("dist").filter((file) => file.endsWith(".d.ts"));
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((file) => readFileSync(`${root}${file}`, "utf8").includes("@internal"))).toEqual([]);
  });

  test("Transport and Link are not published, nor what swaps a link or owns a connection", () => {
    const names = new Set([...exported].map(({ name }) => name));
    for (const name of ["Transport", "Link", "LinkInput", "LinkDecorator", "ConnectionOwner", "Input", "Output"]) {
      expect(names.has(name), name).toBe(false);
    }
  });

  test.each(["Connection", "Frames", "Server", "Push", "ConnectionDeadline"])("%s has no other members", (name) => {
    const symbol = exportsOf(`${root}dist/server.d.ts`).get(name) ?? expect.unreachable();
    expect(membersOf(symbol).toSorted()).toEqual(LAYER_2[name]?.split(" ").toSorted());
  });

  /** They have no name for users, and need none: it is the exported type that is written. */
  const UNNAMED = [
    // Tables whose keys, or values, a type is made of.
    ...["FAULTY_CALLS", "MESSAGES", "POLICIES", "REASONS"],
    // The parts of a union.
    ...["HandshakeLimit", "Refusal", "ServerDeadlineName", "ServerExpiry"],
    // What the types of socket(), socketpair() and new Socket() depend on.
    ...["BytesType", "DatagramType", "StreamType"],
    // Base classes: their members are those of the class.
    ...["SocketDescriptor", "SocketDuplex"],
  ];

  test("every type that the declarations name is one that a program can import", () => {
    const unnamed = new Set<string>();
    for (const symbol of exported)
      for (const declaration of symbol.declarations ?? []) addUnnamed(declaration, unnamed);
    // What the compiler calls the class that a mixin makes.
    const named = [...unnamed].filter((name) => !name.endsWith("Server_base"));
    expect(named.sort()).toEqual(UNNAMED.toSorted());
  });
});

/** The types of ours that a declaration names and no entry exports. */
function addUnnamed(node: ts.Node, names: Set<string>): void {
  const name = nameIn(node);
  const symbol = name && checker.getSymbolAtLocation(name);
  const type = symbol && unaliased(symbol);
  const isOurs = type?.declarations?.some((each) => each.getSourceFile().fileName.startsWith(`${root}dist/`)) === true;
  if (type !== undefined && isOurs && (type.flags & ts.SymbolFlags.TypeParameter) === 0 && !exported.has(type)) {
    names.add(type.name);
  }
  ts.forEachChild(node, (child) => addUnnamed(child, names));
}

function nameIn(node: ts.Node): ts.Node | undefined {
  if (ts.isTypeReferenceNode(node)) return node.typeName;
  if (ts.isExpressionWithTypeArguments(node)) return node.expression;
  return ts.isTypeQueryNode(node) ? node.exprName : undefined;
}
