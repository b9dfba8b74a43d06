// Which addon is loaded, and the error when it cannot be: with folders that look like a package.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { addonFile, type Machine, notLoaded, thisMachine } from "../../../src/native/addon-file.ts";

const local = "native/build/Release/sockwright.node";
const X64 = 62;
const ARM64 = 183;
const cause = new Error("libfoo.so.1: cannot open shared object file\nRequire stack:\n- somewhere");
const linux: Machine = { platform: "linux", architecture: "x64", isMusl: false };

let folder = "";
beforeEach(() => {
  const made = mkdtempSync(join(tmpdir(), "sockwright-addon-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  folder = made;
});

/** Writes a file that begins like an ELF file for the machine. */
function put(name: string, machine = X64): string {
  const header = Buffer.alloc(64);
  header.write("\x7fELF\x02\x01\x01", "latin1");
  header.writeUInt16LE(machine, 18);
  return write(name, header);
}

function write(name: string, content: Buffer | string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

function messageOf(machine: Machine, file = addonFile(folder, machine.platform, machine.architecture)): string {
  const error = notLoaded(file, folder, machine, cause);
  expect(error).toMatchObject({ code: "ERR_SOCKWRIGHT_NATIVE", cause });
  expect(error.message).toContain(`The native addon cannot be loaded from ${file}: `);
  expect(error.message).not.toContain("\n");
  return error.message;
}

test("the prebuilt addon for the platform and architecture is selected", () => {
  expect(addonFile(folder, "linux", "arm64")).toBe(join(folder, "prebuilds/linux-arm64.node"));
});

test("a local build takes precedence over the prebuilt addon", () => {
  put("prebuilds/linux-x64.node");
  const built = put(local);
  expect(addonFile(folder, "linux", "x64")).toBe(built);
});

test("without either, the error has the command to run", () => {
  expect(messageOf(linux)).toMatch(
    `the package has neither a local build nor the prebuilt addon for linux-x64. Build it here: \`cd ${folder} && npx node-gyp rebuild -C native\` (needs python3, make and g++: \`apt-get install python3 make g++\`)`,
  );
});

test("in a clone of the repository, the command is npm run build", () => {
  write("scripts/build.mjs", "");
  expect(messageOf(linux)).toContain(`\`cd ${folder} && npm run build\``);
});

test("a folder name with special characters of the shell is quoted", () => {
  folder = join(folder, "it's here");
  expect(messageOf(linux)).toContain(`cd '${folder.replace("'", "'\\''")}' && `);
});

test.each(["riscv64", "ppc64", "s390x", "arm", "ia32"])("there is no prebuilt addon for linux-%s", (architecture) => {
  expect(messageOf({ ...linux, architecture })).toContain(
    `there are prebuilt addons for linux-x64 and linux-arm64, and this is linux-${architecture}. Build it here: `,
  );
});

test.each(["darwin", "win32", "freebsd"])(
  "on %s the error says that Linux is needed, without a build command",
  (platform) => {
    const message = messageOf({ ...linux, platform, architecture: "arm64" });
    expect(message).toContain(`it needs Linux, and this is ${platform}-arm64. "sockwright/server" runs here, too`);
    expect(message).not.toContain("Build");
  },
);

test("an addon for another architecture", () => {
  put(local, ARM64);
  expect(messageOf(linux)).toContain("it was built for linux-arm64, and this is linux-x64. Build it here: ");
  put(local, 22);
  expect(messageOf(linux)).toContain("it was built for linux-machine-22, and this is linux-x64");
});

test.each(["", "\x7fELF", "#!/bin/sh\nexit 1 # and more than twenty bytes"])(
  "a file that is not an addon: %j",
  (content) => {
    write(local, content);
    expect(messageOf(linux)).toContain("this file is not a shared object of Linux. Build it here: ");
  },
);

test("an addon that musl cannot load", () => {
  put("prebuilds/linux-x64.node");
  const message = messageOf({ ...linux, isMusl: true });
  expect(message).toContain("it does not run with the C library of this system, musl (libfoo.so.1: cannot open shared");
  expect(message).toContain("`apk add python3 make g++`");
});

test("otherwise, the first line of the loader's error", () => {
  put("prebuilds/linux-x64.node");
  expect(messageOf(linux)).toContain(": libfoo.so.1: cannot open shared object file. Build it here: ");
});

test("SOCKWRIGHT_ADDON names a file that does not exist", () => {
  expect(messageOf(linux, "/nonexistent/addon.node")).toContain(
    "from /nonexistent/addon.node: SOCKWRIGHT_ADDON names a file that does not exist. Build it here: ",
  );
});

test("SOCKWRIGHT_ADDON names an addon for another architecture", () => {
  expect(messageOf(linux, put("elsewhere.node", ARM64))).toContain("it was built for linux-arm64");
});

test("thisMachine returns the platform and architecture of process", () => {
  const { platform, architecture } = thisMachine();
  expect([platform, architecture]).toEqual([process.platform, process.arch]);
});

const dist = fileURLToPath(new URL("../../../dist/", import.meta.url));

/** Runs a module in a process without the addon. */
function withoutAddon(program: string, environment: NodeJS.ProcessEnv = {}): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    cwd: dist,
    env: { ...process.env, SOCKWRIGHT_ADDON: "/nonexistent/addon.node", ...environment },
  });
  expect([stderr, status]).toEqual(["", 0]);
  return stdout.trimEnd();
}

test.each(["codec", "testing", "server", "services/greet", "services/relay"])(
  "sockwright/%s loads without the addon",
  (entry) => {
    expect(withoutAddon(`console.log(Object.keys(await import("sockwright/${entry}")).length > 0)`)).toBe("true");
  },
);

test("sockwright rejects without the addon, with the reason", () => {
  const program = `await import("sockwright").catch(({ code }) => console.log(code))`;
  expect(withoutAddon(program)).toBe("ERR_SOCKWRIGHT_NATIVE");
});

test("a fake kernel without the addon throws the reason at the first call that it passes to the machine", () => {
  const program = `
    import { fakeKernel } from "sockwright/testing";
    const { kernel } = await import("./native/load.js");
    using(fakeKernel({ sockets: "machine" }));
    function using(fake) {
      try { kernel.socket(2, 1, 0) } catch ({ code }) { console.log(code) } finally { fake[Symbol.dispose]() }
    }`;
  expect(withoutAddon(program)).toBe("ERR_SOCKWRIGHT_NATIVE");
});

test("a server over node:net works without the addon", () => {
  const program = `
    import { connect, serve } from "sockwright/server";
    const server = await serve("tcp://127.0.0.1:0", async (connection) => {
      for await (const data of connection) connection.write(data);
    });
    const client = await connect(server.urls[0]);
    client.write("hello");
    console.log(String(await client.read()));
    await client.close();
    await server.close({ graceMs: 1_000 });`;
  expect(withoutAddon(program, { SOCKWRIGHT_TRANSPORT: "node" })).toBe("hello");
});

test("a server over the native transport rejects with the reason", () => {
  const program = `
    import { serve } from "sockwright/server";
    await serve("tcp://127.0.0.1:0", async () => undefined).catch(({ code }) => console.log(code));`;
  expect(withoutAddon(program)).toBe("ERR_SOCKWRIGHT_NATIVE");
});
