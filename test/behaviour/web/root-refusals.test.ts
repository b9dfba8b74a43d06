// Paths that are no root, and files that cannot be read.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { openRoot } from "../../../src/services/web/root.ts";
import { startChild } from "../../support/child.ts";
import { link, publicFolder, writeInFolder } from "../../support/site-folder.ts";
import { requireTool } from "../../support/tools.ts";

const programs = fileURLToPath(new URL("programs/", import.meta.url));

test("a root that is missing or not a directory is refused with its path", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "file");
  link(folder, { itself: "itself", dangling: "none" });
  const code = async (name: string): Promise<unknown> => openRoot(join(folder, name)).catch((error: unknown) => error);
  expect(await code("none")).toMatchObject({ code: "ENOENT", syscall: "open", path: join(folder, "none") });
  expect(await code("dangling")).toMatchObject({ code: "ENOENT" });
  expect(await code("file")).toMatchObject({ code: "ENOTDIR", path: join(folder, "file") });
  expect(await code("itself")).toMatchObject({ code: "ELOOP" });
  expect(await code("n".repeat(256))).toMatchObject({ code: "ENAMETOOLONG" });
});

test("the path of a root may be a link, or relative to the working directory", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "site/file");
  link(folder, { current: "site" });
  for (const name of [join(folder, "current"), relative(process.cwd(), join(folder, "site"))]) {
    for (const symlinks of ["deny", "inside", "follow"] as const) {
      const root = await openRoot(name, { symlinks });
      onTestFinished(() => root.close());
      expect((await root.stat("file")).type).toBe("file");
    }
  }
});

test("the root may be that of the whole file system", async () => {
  const root = await openRoot("/", { symlinks: "deny" });
  onTestFinished(() => root.close());
  const folder = publicFolder();
  writeInFolder(folder, "file");
  link(folder, { link: "file" });
  expect((await root.stat(join(folder, "file").slice(1))).type).toBe("file");
  expect((await root.stat(join(folder, "link").slice(1))).type).toBe("missing");
});

test.each([undefined, null, 5, Buffer.from("/"), new URL("file:///")])("%s is no path of a root", async (path) => {
  await expect(Reflect.apply(openRoot, undefined, [path])).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
});

test.each(["", "a\0b"])("%j is no path of a root", async (path) => {
  await expect(openRoot(path)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_VALUE" });
});

test("an invalid option is refused", async () => {
  await expect(Reflect.apply(openRoot, undefined, ["/", { symlinks: "some" }])).rejects.toThrow("options.symlinks");
  await expect(Reflect.apply(openRoot, undefined, ["/", { links: "deny" }])).rejects.toMatchObject({
    name: "TypeError",
  });
});

test("after close() every path is busy; a file that was opened stays open", async () => {
  const folder = publicFolder();
  writeInFolder(folder, "file");
  const root = await openRoot(folder);
  const opened = await root.open("file");
  const opening = root.open("file");
  root.close();
  root.close();
  expect(await root.stat("file")).toEqual({ type: "busy" });
  for (const each of [opened, await opening]) {
    if (each.type !== "file") throw new Error(each.type);
    expect(await each.handle.readFile("utf8")).toBe("file");
    await each.handle.close();
  }
});

test.each([
  ["with the addon", process.env],
  ["without it", { ...process.env, SOCKWRIGHT_ADDON: "/none" }],
])("a file that the process may not read is forbidden, %s", async (_, env) => {
  const folder = publicFolder();
  writeInFolder(folder, "file", "unreadable", "unsearchable/file", "unlisted/file");
  mkdirSync(join(folder, "unlisted/folder"));
  chmodSync(join(folder, "unreadable"), 0);
  chmodSync(join(folder, "unsearchable"), 0);
  chmodSync(join(folder, "unlisted"), 0o111);
  onTestFinished(() => {
    chmodSync(join(folder, "unsearchable"), 0o755);
    chmodSync(join(folder, "unlisted"), 0o755);
  });
  const paths = [
    "file",
    "unreadable",
    "unlisted",
    "unlisted/file",
    "unsearchable/file",
    "unsearchable/none",
    "unsearchable",
  ];
  const child = await startChild(process.execPath, [`${programs}answers.mjs`, folder, ...paths], { env });
  const [, json = ""] = await child.line(/^(\[.*\])$/);
  expect(JSON.parse(json)).toEqual([
    ["file", "file", "file", "missing"],
    ["unreadable", "forbidden", "file", "missing"],
    ["unlisted", "directory", "directory", "forbidden"],
    ["unlisted/file", "file", "file", "missing"],
    ["unsearchable/file", "forbidden", "forbidden", "forbidden"],
    ["unsearchable/none", "forbidden", "forbidden", "forbidden"],
    ["unsearchable", "directory", "directory", "forbidden"],
    "EACCES",
  ]);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});

test.each([
  ["with the addon", process.env],
  ["without it", { ...process.env, SOCKWRIGHT_ADDON: "/none" }],
])("without a free descriptor a file is busy, %s", async (_, env) => {
  const folder = publicFolder();
  writeFileSync(join(folder, "file"), "");
  const args = ["-c", 'ulimit -n 100 && exec "$0" "$@"', process.execPath, `${programs}few-descriptors.mjs`, folder];
  const child = await startChild("sh", args, { env });
  const [, json = ""] = await child.line(/^(\[.*\])$/);
  expect(JSON.parse(json)).toEqual(["busy", "busy", "file", "busy", "file"]);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
});

const LEASE = `
import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
file = os.open(sys.argv[1], os.O_RDONLY)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("leased", flush=True)
sys.stdin.read()
`;

test("a file on which another process has a lease is busy at once: fcntl(2)", async (context) => {
  const python = requireTool(context, "python3");
  const folder = publicFolder();
  writeInFolder(folder, "file");
  const root = await openRoot(folder);
  onTestFinished(() => root.close());
  const child = await startChild(python, ["-c", LEASE, join(folder, "file")]);
  await child.line(/^leased$/);
  expect(await root.open("file")).toEqual({ type: "busy" });
  expect((await root.stat("file")).type).toBe("file");
  child.stdin.end();
  await child.exit();
  const opened = await root.open("file");
  expect(opened.type).toBe("file");
  if (opened.type === "file") await opened.handle.close();
});
