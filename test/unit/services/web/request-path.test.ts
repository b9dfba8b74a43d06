// From the path of a request to the path of a file.
import { expect, test } from "vitest";
import {
  directoryLocation,
  MAX_NAME_BYTES,
  MAX_PATH_BYTES,
  type RequestPath,
  requestPath,
} from "../../../../src/services/web/request-path.ts";

function shown(path: RequestPath): string | number {
  return path.type === "refused" ? path.status : `${path.relative}${path.endsInSlash ? " /" : ""}`;
}

test.each([
  ["/", " /"],
  ["/a", "a"],
  ["/a/", "a /"],
  ["/a/b.html", "a/b.html"],
  ["/A", "A"],
  ["/a%20b", "a b"],
  ["/%C3%BC", "ü"],
  ["/%c3%bc", "ü"],
  ["/%E6%97%A5%E6%9C%AC", "日本"],
  ["/%F0%9F%98%80", "😀"],
  // Paths are decoded once.
  ["/%2541", "%41"],
  ["/%252e%252e/a", "%2e%2e/a"],
  ["/%252F", "%2F"],
  ["/a+b", "a+b"],
  ["/a;b=c,d", "a;b=c,d"],
  ["/a%3Fb%23c", "a?b#c"],
  ["/a:b@c", "a:b@c"],
  ["/[a]^|", "[a]^|"],
])("%s is %s", (path, expected) => {
  expect(shown(requestPath(path))).toBe(expected);
});

test.each([
  ["//", " /"],
  ["//a", "a"],
  ["///a//b///", "a/b /"],
  ["//example.com/a", "example.com/a"],
])("empty segments are skipped: %s is %s", (path, expected) => {
  expect(shown(requestPath(path))).toBe(expected);
});

test.each([
  ["/.", " /"],
  ["/./", " /"],
  ["/a/.", "a /"],
  ["/a/./b", "a/b"],
  ["/a/..", " /"],
  ["/a/../b", "b"],
  ["/a/b/..", "a /"],
  ["/a/b/../", "a /"],
  ["/a/b/../../c", "c"],
  ["/a/%2e%2E/b", "b"],
  ["/a/.%2e/b", "b"],
  ["/a/%2e/b", "a/b"],
  ["/a//../b", "b"],
  // A segment that .. removes need not be allowed.
  ["/.git/../a", "a"],
  [`/${"n".repeat(300)}/../a`, "a"],
])("dot segments are removed as in RFC 3986, section 5.2.4: %s is %s", (path, expected) => {
  expect(shown(requestPath(path))).toBe(expected);
});

test.each([
  ...["/..", "/../", "/../a", "/a/../..", "/a/../../b", "//..", "/./..", "/%2e%2e", "/%2E%2e/etc/passwd", "/.%2e/a"],
  ...["/a/../../a", "/..//..//etc/passwd"],
])("a path that leaves the root is a bad request: %s", (path) => {
  expect(shown(requestPath(path))).toBe(400);
});

test.each([
  "/...",
  "/..a",
  "/.a",
  "/a/.b/c",
  "/.git/config",
  "/%2egit/config",
  "/.well-known/x",
  "/.htaccess",
  "/a/.../b",
])("a name that begins with a dot is not found: %s", (path) => {
  expect(shown(requestPath(path))).toBe(404);
  expect(shown(requestPath(path, "hidden"))).toBe(404);
  expect(shown(requestPath(path, "shown"))).toBe(decodeURIComponent(path).slice(1));
});

test.each([
  ["/.well-known/acme-challenge/x", ".well-known/acme-challenge/x"],
  ["/.well-known", ".well-known"],
  ["/%2ewell-known/x", ".well-known/x"],
  ["/a/../.well-known/x", ".well-known/x"],
  // RFC 8615, section 3: only at the root.
  ["/a/.well-known/x", 404],
  ["/.well-known/.x", 404],
  ["/.well-known2", 404],
  ["/.git", 404],
])("with dotfiles: well-known, %s is %s", (path, expected) => {
  expect(shown(requestPath(path, "well-known"))).toBe(expected);
});

test.each(["/%2F", "/a%2fb", "/..%2f..%2fetc%2fpasswd", "/a/..%2Fb", "/%2f%2fexample.com"])(
  "an encoded slash within a segment is not found: %s",
  (path) => {
    expect(shown(requestPath(path))).toBe(404);
  },
);

test.each([
  ["/a%5Cb", "a\\b"],
  ["/a\\b", "a\\b"],
  ["/a\\..\\b", "a\\..\\b"],
  ["/a%5c..%5cb", "a\\..\\b"],
  ["/\\\\example.com", "\\\\example.com"],
])("a backslash is an ordinary character: %s is %s", (path, expected) => {
  expect(shown(requestPath(path))).toBe(expected);
});

test.each(["/%", "/%4", "/%zz", "/a%", "/%%41", "/%4g", "/% 41", "/%u0041"])(
  "an invalid percent-encoding is a bad request: %s",
  (path) => {
    expect(shown(requestPath(path))).toBe(400);
  },
);

test.each([
  ...["/%FF", "/%C3", "/%C3(", "/%80", "/a%E9", "/%C3/%BC", "/%F0%9F%98"],
  // Overlong, a surrogate, and beyond Unicode: RFC 3629.
  ...["/%C0%AF", "/%C0%AE%C0%AE/", "/%E0%80%AF", "/%ED%A0%80", "/%F4%90%80%80"],
])("invalid UTF-8 is a bad request: %s", (path) => {
  expect(shown(requestPath(path))).toBe(400);
});

test.each(["/%00", "/a%00.html", "/%0a", "/a%0D%0Ab", "/%09", "/%1b", "/%1F", "/%7f", "/%C2%80", "/%C2%9F"])(
  "a control character is a bad request: %s",
  (path) => {
    expect(shown(requestPath(path))).toBe(400);
  },
);

test.each(["", "a", "*", "a/b", "http://a/b", "\\a", "%2Fa", "?", "/\0", "/a\n", "/\x7f", "/ü", "/\xff", "/\ud800"])(
  "an invalid request target is a bad request: %j",
  (path) => {
    expect(shown(requestPath(path))).toBe(400);
  },
);

test("MAX_NAME_BYTES limits a name, as NAME_MAX does", () => {
  expect(shown(requestPath(`/${"n".repeat(MAX_NAME_BYTES)}`))).toBe("n".repeat(MAX_NAME_BYTES));
  expect(shown(requestPath(`/${"n".repeat(MAX_NAME_BYTES + 1)}`))).toBe(404);
  expect(shown(requestPath(`/${"%C3%BC".repeat(127)}n`))).toBe(`${"ü".repeat(127)}n`);
  expect(shown(requestPath(`/${"%C3%BC".repeat(128)}`))).toBe(404);
});

test("MAX_PATH_BYTES limits a path", () => {
  const path = "ü/".repeat(MAX_PATH_BYTES / 3).padEnd(MAX_PATH_BYTES - Math.floor(MAX_PATH_BYTES / 3), "n");
  expect(Buffer.byteLength(path)).toBe(MAX_PATH_BYTES);
  expect(shown(requestPath(encodeURI(`/${path}`)))).toBe(path);
  expect(shown(requestPath(encodeURI(`/${path}n`)))).toBe(404);
  expect(shown(requestPath(`/${"a/../".repeat(10_000)}b`))).toBe("b");
});

test.each([
  ["a", undefined, "/a/"],
  ["a/b", "", "/a/b/?"],
  ["a", "b=c&d=/../", "/a/?b=c&d=/../"],
  ["a b", "x=%20+&[]", "/a%20b/?x=%20+&[]"],
  ["ü", undefined, "/%C3%BC/"],
  ["\\example.com", undefined, "/%5Cexample.com/"],
  ["%2f", undefined, "/%252f/"],
  ["?", "?", "/%3F/??"],
  ["#", 'a"<>#b', "/%23/?a%22%3C%3E%23b"],
  ["example.com", "\\", "/example.com/?%5C"],
  ["javascript:alert(1)", undefined, "/javascript%3Aalert(1)/"],
  ["a", "\r\nSet-Cookie: a\xff\ud800", "/a/?%0D%0ASet-Cookie:%20a%C3%BF%EF%BF%BD"],
  ["", "a", "/?a"],
])("the location of the directory %j with the query %j is %s", (relative, query, expected) => {
  expect(directoryLocation(relative, query)).toBe(expected);
});

test.each([
  ...["//example.com", "//example.com/..", "/\\example.com", "/%5Cexample.com", "/%5c%5cexample.com", "///example.com"],
  ...[
    "/./%5C/example.com",
    "/.//example.com",
    "/%09/example.com",
    "/http:example.com",
    "/http:%5C%5Cexample.com",
    "/@example.com",
  ],
])("a redirect never leaves the site: %s", (path) => {
  const asked = requestPath(path);
  if (asked.type === "refused") {
    expect(asked.status).toBe(400);
    return;
  }
  const location = directoryLocation(asked.relative, "//example.com");
  expect(location).toMatch(/^\/[^/\\]/);
  expect(new URL(location, "http://here/a/b").host).toBe("here");
});
