// The rules for docstrings, each a function from symbols to complaints that name the file, the line and the symbol.
import type { PublicSymbol } from "./public-symbols.ts";

/** Generated from native/constants.def: all that its docstrings say is where the manual has the constant. */
const generatedFile = "src/socket/constants.ts";

/** The pages of the manual that docstrings refer to, by section. */
const pages: Readonly<Record<number, readonly string[]>> = {
  2: [
    ...[
      "accept",
      "bind",
      "close",
      "connect",
      "dup",
      "fcntl",
      "gethostname",
      "getpeername",
      "getsockname",
      "getsockopt",
      "listen",
      "poll",
    ],
    ...[
      "recv",
      "recvfrom",
      "recvmsg",
      "send",
      "sendfile",
      "sendmsg",
      "sendto",
      "setsockopt",
      "shutdown",
      "socket",
      "socketpair",
    ],
  ],
  3: [
    ...["CMSG_LEN", "CMSG_SPACE", "cmsg", "errno", "getaddrinfo", "gethostbyaddr", "gethostbyname", "getnameinfo"],
    ...["getprotobyname", "getservbyname", "getservbyport", "htonl", "htons", "if_indextoname", "if_nameindex"],
    ...["if_nametoindex", "inet", "inet_aton", "inet_ntoa", "inet_ntop", "inet_pton", "ntohl", "ntohs", "sysconf"],
  ],
  5: ["protocols"],
  7: ["epoll", "icmp", "ip", "ipv6", "netlink", "packet", "raw", "socket", "tcp", "udp", "udplite", "unix", "vsock"],
};

export function withoutText(symbols: readonly PublicSymbol[]): string[] {
  return symbols.filter(({ text }) => text.trim() === "").map((symbol) => `${place(symbol)} has no docstring`);
}

/** Functions, classes and methods show how they are used, or say which symbol's example does. */
export function withoutExample(symbols: readonly PublicSymbol[]): string[] {
  return symbols
    .filter(({ kind }) => kind === "function" || kind === "class" || kind === "method")
    .filter((symbol) => !hasCode(symbol) && !leadsToCode(symbol, symbols))
    .map((symbol) => `${place(symbol)} has no example, and no "See {@link …}" that leads to one`);
}

/** Of every `{@link X}`, X is public. */
export function brokenLinks(symbols: readonly PublicSymbol[]): string[] {
  return symbols.flatMap((symbol) =>
    links(symbol)
      .filter(({ target }) => !symbols.some((other) => goesBy(other, target)))
      .map(({ target }) => `${place(symbol)} links to ${target}, which is not public`),
  );
}

/** Whatever has the name of a page of the manual refers to that page. */
export function withoutManual(symbols: readonly PublicSymbol[]): string[] {
  return symbols
    .filter(({ kind, file }) => (kind === "function" || kind === "method") && file !== generatedFile)
    .filter(({ name, text }) => {
      const call = name.replace(/^Socket\./, "");
      return isPage(call) && !references(text).some(({ page }) => page === call);
    })
    .map((symbol) => `${place(symbol)} does not refer to its page of the manual`);
}

/** Of every `page(section)`, the section has the page. */
export function wrongReferences(symbols: readonly PublicSymbol[]): string[] {
  return symbols.flatMap((symbol) =>
    references(symbol.text)
      .filter(({ page, section }) => pages[section]?.includes(page) !== true)
      .map(({ page, section }) => `${place(symbol)} refers to ${page}(${section}): is there such a page?`),
  );
}

/** A generated constant says where the manual has it, and nothing else. */
export function badConstants(symbols: readonly PublicSymbol[]): string[] {
  return symbols
    .filter(({ file, text }) => file === generatedFile && !/^See \w+\(\d\)\.$/.test(text))
    .map((symbol) => `${place(symbol)} should say "See name(section).", and says "${symbol.text}"`);
}

function hasCode({ examples }: PublicSymbol): boolean {
  return examples.some((example) => example.startsWith("```ts\n"));
}

function leadsToCode(symbol: PublicSymbol, symbols: readonly PublicSymbol[]): boolean {
  return links(symbol).some(
    ({ target, isSee }) => isSee && symbols.some((other) => goesBy(other, target) && hasCode(other)),
  );
}

function links({ text, examples }: PublicSymbol): { target: string; isSee: boolean }[] {
  const matches = [text, ...examples].flatMap((words) => [...words.matchAll(/(\bsee\s+)?\{@link ([^}]+)\}/gi)]);
  return matches.map(([, see, target = ""]) => ({ target: target.trim(), isSee: see !== undefined }));
}

/** Within a class a member goes by its own name: `{@link recv}`. */
function goesBy({ name }: PublicSymbol, target: string): boolean {
  return name === target || name.endsWith(`.${target}`);
}

function references(text: string): { page: string; section: number }[] {
  // What stands in backticks is code: `settimeout(0)`.
  const prose = text.replace(/`[^`]*`/g, "");
  return [...prose.matchAll(/\b(\w+)\((\d)\)/g)].map(([, page = "", section]) => ({ page, section: Number(section) }));
}

function isPage(name: string): boolean {
  return Object.values(pages).some((names) => names.includes(name));
}

function place({ file, line, name }: PublicSymbol): string {
  return `${file}:${line} ${name}`;
}
