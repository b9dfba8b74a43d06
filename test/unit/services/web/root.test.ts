// The files that a root opens: the same with each lookup method, and none outside of the root.
import { constants } from "node:os";
import { expect, onTestFinished, test, vi } from "vitest";
import { kernel } from "../../../../src/native/load.ts";
import type { Symlinks } from "../../../../src/services/web/path-handle.ts";
import { type Opened, openRoot, type Root } from "../../../../src/services/web/root.ts";
import { DEEP_PATH, LONG_NAME, makeSiteFolder, ODD_NAMES, SECRET } from "../../../support/site-folder.ts";

const { ENOSYS, EPERM, EINVAL, EAGAIN } = constants.errno;

async function opened(path: string, symlinks?: Symlinks): Promise<Root> {
  const root = await openRoot(path, { symlinks });
  onTestFinished(() => root.close());
  return root;
}

/** The content of a file that is not longer than those of the site; otherwise the type of the entry. */
async function answer(root: Root, path: string): Promise<string> {
  const found = await root.open(path);
  expect((await root.stat(path)).type).toBe(found.type);
  if (found.type !== "file") return found.type;
  return content(found);
}

async function content({ handle, stat }: Extract<Opened, { type: "file" }>): Promise<string> {
  try {
    const text = await handle.readFile("latin1");
    if (text.length > 300) return "other";
    expect(stat.size).toBe(text.length);
    return Buffer.from(text, "latin1").toString();
  } finally {
    await handle.close();
  }
}

type Row = readonly [path: string, deny: string, inside: string, follow: string];

function always(path: string, given: string): Row {
  return [path, given, given, given];
}

const NAMES = ["file", "sub/file", "sub/deep/file", ".hidden", ".git/config", `${DEEP_PATH}/file`, LONG_NAME];
const ABSENT = [
  ...[
    "none",
    "none/none",
    "file/none",
    "sub/none",
    "File",
    "file ",
    "\\",
    "x",
    "a",
    "%61",
    "u\u0308",
    "l\u00e9",
    "\ud800",
  ],
  ...[`${LONG_NAME}n`, `${"d/".repeat(1_023)}d`, "x".repeat(5_000), `${"d/".repeat(5_000)}d`],
];

const ROWS: readonly Row[] = [
  ...[...NAMES, ...ODD_NAMES].map((path) => always(path, path)),
  ...["", "sub", "sub/deep", "empty", DEEP_PATH].map((path) => always(path, "directory")),
  ...ABSENT.map((path) => always(path, "missing")),
  ["to-file", "missing", "file", "file"],
  ["to-link", "missing", "file", "file"],
  ["to-sub", "missing", "directory", "directory"],
  ["to-sub/file", "missing", "sub/file", "sub/file"],
  ["to-sub/up", "missing", "file", "file"],
  ["sub/up", "missing", "file", "file"],
  ["to-root", "missing", "directory", "directory"],
  ["to-root/to-root/file", "missing", "file", "file"],
  ["out-and-in", "missing", "file", "file"],
  ["absolute-in", "missing", "file", "file"],
  ["absolute-sub/file", "missing", "sub/file", "sub/file"],
  ["out", "missing", "missing", SECRET],
  ["out-sub", "missing", "missing", "directory"],
  ["out-sub/file", "missing", "missing", SECRET],
  ["out-sub/sub/file", "missing", "missing", SECRET],
  ["absolute-out", "missing", "missing", SECRET],
  ["parent", "missing", "missing", "directory"],
  ["parent/www/file", "missing", "file", "file"],
  ["sub/far-out", "missing", "missing", SECRET],
  ["neighbour", "missing", "missing", "directory"],
  ["neighbour/file", "missing", "missing", SECRET],
  ["passwd", "missing", "missing", "other"],
  ["slash", "missing", "missing", "directory"],
  ["slash/etc/passwd", "missing", "missing", "other"],
  ["own", "missing", "missing", "other"],
  ...["itself", "itself/file", "ping", "pong/file", "dangling", "dangling-out", "through-file"].map((path) =>
    always(path, "missing"),
  ),
  ...["fifo", "to-fifo", "socket", "to-socket", "zero", "tty", "fifo/x", "zero/x"].map((path) =>
    always(path, "missing"),
  ),
];

/** Results of the addon's openat2: the real ones, or those of a kernel that lacks or refuses the call. */
const WAYS: Readonly<Record<string, () => void>> = {
  "by openat2(2)": () => undefined,
  "by a kernel that has not that call": () => void vi.spyOn(kernel, "openat2").mockReturnValue(-ENOSYS),
  "by a kernel that does not know RESOLVE_CACHED": () => void vi.spyOn(kernel, "openat2").mockReturnValue(-EINVAL),
  "where a filter refuses it": () => void vi.spyOn(kernel, "openat2").mockReturnValue(-EPERM),
  "where nothing is in memory": () => void vi.spyOn(kernel, "openat2").mockReturnValue(-EAGAIN),
};

test.each(
  Object.keys(WAYS).flatMap((way) =>
    (["deny", "inside", "follow"] as const).map((links, column) => ({ way, links, column })),
  ),
)("$way, symlinks: $links", async ({ way, links, column }) => {
  const site = makeSiteFolder();
  WAYS[way]?.();
  onTestFinished(() => void vi.restoreAllMocks());
  const root = await opened(site, links);
  const answers = [];
  for (const [path] of ROWS) answers.push([path, await answer(root, path)]);
  expect(answers).toEqual(ROWS.map(([path, ...expected]) => [path, expected[column]]));
});

test("an entry in the kernel's cache is found by one call, without a thread", async () => {
  const root = await opened(makeSiteFolder());
  const call = vi.spyOn(kernel, "openat2");
  onTestFinished(() => void vi.restoreAllMocks());
  expect((await root.stat("sub/file")).type).toBe("file");
  expect(call.mock.results.map(({ value }) => value >= 0)).toEqual([true]);
});

test.each([
  "..",
  "../file",
  "sub/..",
  "sub/../file",
  ".",
  "./file",
  "sub/.",
  "/",
  "/file",
  "sub/",
  "sub//file",
  "a\0b",
  "\0",
])("%j is not a path within a root, for each symlinks option", async (path) => {
  for (const symlinks of ["deny", "inside", "follow"] as const) {
    const root = await opened(makeSiteFolder(), symlinks);
    await expect(root.open(path)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_VALUE", name: "TypeError" });
    await expect(root.list(path)).rejects.toThrow("must be relative");
  }
});

test.each([undefined, null, 5, Buffer.from("file"), {}])("%s is not a path", async (path) => {
  const root = await opened(makeSiteFolder());
  await expect(Reflect.apply(root.stat, root, [path])).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
});
