// Every exported symbol has a docstring in the form that CONTRIBUTING.md describes.
import { describe, expect, test } from "vitest";
import * as rules from "./docstring-rules.ts";
import { type PublicSymbol, type PublicSymbolKind, publicSymbols } from "./public-symbols.ts";

describe.each([
  "src/server.ts",
  "src/socketserver.ts",
  "src/codec.ts",
  "src/http.ts",
  "src/testing.ts",
  "src/services/files/files.ts",
  "src/services/greet/greet.ts",
  "src/services/relay/relay.ts",
  "src/services/web/web.ts",
])("%s", (entry) => {
  const symbols = publicSymbols(entry);

  test("every exported symbol and public member has a docstring", () => {
    expect(symbols.length).toBeGreaterThan(5);
    expect(rules.withoutText(symbols)).toEqual([]);
  });

  test("every function, class and public method has an example, or leads to one", () => {
    expect(rules.withoutExample(symbols)).toEqual([]);
  });

  test("every link leads to a public symbol", () => {
    expect(rules.brokenLinks(symbols)).toEqual([]);
  });

  test("every reference to the manual has the right section", () => {
    expect(rules.wrongReferences(symbols)).toEqual([]);
  });
});

describe("src/index.ts", () => {
  const symbols = publicSymbols("src/index.ts");

  test("the symbols are found: functions, classes with what they inherit, types, constants", () => {
    const kinds = Object.fromEntries(symbols.map(({ name, kind }) => [name, kind]));
    expect(kinds).toMatchObject({
      socket: "function",
      CMSG_SPACE: "function",
      Socket: "class",
      "Socket.recv": "method",
      "Socket.getsockopt": "method",
      "Socket[Symbol.asyncDispose]": "method",
      "Socket.family": "accessor",
      "SocketError.syscall": "property",
      Address: "type",
      AF_INET: "constant",
      WOULD_BLOCK: "constant",
    });
    // Neither what is private or internal, nor what comes from JavaScript's own classes.
    expect(Object.keys(kinds).filter((name) => /\.(#|endpoint|constructor|message|stack)|inspect/.test(name))).toEqual(
      [],
    );
  });

  test("every exported symbol and public member has a docstring", () => {
    expect(rules.withoutText(symbols)).toEqual([]);
  });

  test("every function, class and public method has an example, or leads to one", () => {
    expect(rules.withoutExample(symbols)).toEqual([]);
  });

  test("every link leads to a public symbol", () => {
    expect(rules.brokenLinks(symbols)).toEqual([]);
  });

  test("every function with the name of a C call refers to its page of the manual", () => {
    expect(rules.withoutManual(symbols)).toEqual([]);
  });

  test("every reference to the manual has the right section", () => {
    expect(rules.wrongReferences(symbols)).toEqual([]);
  });

  test("every generated constant says where the manual has it", () => {
    expect(rules.badConstants(symbols)).toEqual([]);
  });
});

describe("the rules notice", () => {
  const code = '```ts\nimport { socket } from "sockwright";\n```';

  function symbol(name: string, kind: PublicSymbolKind, text: string, example?: string): PublicSymbol {
    const examples = example === undefined ? [] : [example];
    return { name, kind, file: "src/socket/socket.ts", line: 7, text, examples };
  }

  const good = symbol("Socket.listen", "method", "Listens — listen(2).", code);

  test("a symbol without a docstring", () => {
    const complaint = "src/socket/socket.ts:7 Socket.code has no docstring";
    expect(rules.withoutText([good, symbol("Socket.code", "property", " ")])).toEqual([complaint]);
  });

  test.for([
    ["no example", symbol("Socket.ref", "method", "Keeps the process alive.")],
    ["an example without code", symbol("Socket.ref", "method", "Keeps the process alive.", "socket.ref()")],
    ["a link that is no reference to an example", symbol("Socket.ref", "method", "As {@link listen}.")],
    ["a reference to what has no example either", symbol("Socket.ref", "method", "See {@link ref}.")],
  ] as const)("a method with %s", ([, bad]) => {
    expect(rules.withoutExample([good, bad])).toHaveLength(1);
  });

  test.for([
    ["an example", symbol("Socket.ref", "method", "Keeps the process alive.", code)],
    ["a reference to an example", symbol("Socket.ref", "method", "Keeps the process alive; see {@link listen}.")],
    ["a reference in the place of its example", symbol("Socket.ref", "method", "Ref.", "See {@link Socket.listen}.")],
    ["no need of one", symbol("Socket.closed", "accessor", "Whether it is closed.")],
  ] as const)("but not one with %s", ([, fine]) => {
    expect(rules.withoutExample([good, fine])).toEqual([]);
  });

  test("a link that leads nowhere", () => {
    expect(rules.brokenLinks([good, symbol("Socket.ref", "method", "See {@link liste}.")])).toHaveLength(1);
    expect(rules.brokenLinks([good, symbol("Socket.ref", "method", "See {@link listen}.")])).toEqual([]);
  });

  test("a call without its page of the manual", () => {
    expect(rules.withoutManual([good, symbol("Socket.bind", "method", "Binds; socket(7).")])).toHaveLength(1);
    expect(rules.withoutManual([good, symbol("Socket.settimeout", "method", "As Python's.")])).toEqual([]);
  });

  test("a page of the manual in the wrong section", () => {
    expect(rules.wrongReferences([good, symbol("Socket.bind", "method", "Binds — bind(3).")])).toHaveLength(1);
    expect(rules.wrongReferences([good, symbol("Socket.ref", "method", "`settimeout(0)` is code.")])).toEqual([]);
  });

  test("a constant that does not refer to the manual", () => {
    const constant = { ...symbol("AF_INET", "constant", "IPv4"), file: "src/socket/constants.ts" };
    expect(rules.badConstants([{ ...constant, text: "See ip(7)." }, constant])).toHaveLength(1);
  });
});
