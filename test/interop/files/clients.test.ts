// The clients that people have: curl, wget, aria2c, tus-js-client, and @tus/server as a comparison.
import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { FileStore } from "@tus/file-store";
import { Server as TusServer } from "@tus/server";
import { Upload } from "tus-js-client";
import { expect, onTestFinished, test } from "vitest";
import { files } from "../../../src/services/files/files.ts";
import { startChild } from "../../support/child.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { serving, urlOf } from "../../support/serving.ts";
import { requireTool } from "../../support/tools.ts";
import { until } from "../../support/until.ts";

const run = promisify(execFile);
const BYTES = randomBytes(3_000_000);

interface Files {
  readonly url: string;
  readonly root: string;
  /** A folder of the client, with a file `F`. */
  readonly own: string;
}

async function served(): Promise<Files> {
  const [root, own] = [temporaryFolder(), temporaryFolder()];
  writeFileSync(join(own, "F"), BYTES);
  const server = await serving(files(root), {}, "http://127.0.0.1:0");
  return { url: urlOf(server), root, own };
}

function offsetOf(head: string): number {
  return Number(/^upload-offset: (\d+)/im.exec(head)?.[1]);
}

test("curl: a whole file, a range of a download that goes on, a form", async (context) => {
  const curl = requireTool(context, "curl");
  const { url, root, own } = await served();
  await run(curl, ["-sSf", "-T", "F", `${url}/`], { cwd: own });
  expect(readFileSync(join(root, "F")).equals(BYTES)).toBe(true);
  writeFileSync(join(own, "part"), BYTES.subarray(0, 1_234_567));
  await run(curl, ["-sSf", "-C", "-", "-o", "part", `${url}/F`], { cwd: own });
  expect(readFileSync(join(own, "part")).equals(BYTES)).toBe(true);
  const { stdout } = await run(curl, ["-sSf", "-F", "f=@F;filename=form.bin", `${url}/`], { cwd: own });
  expect(JSON.parse(stdout)).toMatchObject({ files: [{ name: "form.bin", size: BYTES.length }] });
});

test("curl is killed in the middle of an upload, and goes on", async (context) => {
  const curl = requireTool(context, "curl");
  const { url, root, own } = await served();
  const args = ["-sS", "-D", "H", "--limit-rate", "1M", "-H", "Upload-Complete: ?1", "-T", "F", `${url}/F`];
  const first = await startChild(curl, args, { cwd: own });
  const location = (): string | undefined => /^location: (\S+)/im.exec(headers())?.[1];
  const headers = (): string => {
    try {
      return readFileSync(join(own, "H"), "utf8");
    } catch {
      return "";
    }
  };
  await until(() => location() !== undefined, "the Location");
  first.kill("SIGKILL");
  await first.exit();
  const upload = url + location();
  const { stdout: head } = await run(curl, ["-sSI", upload]);
  const offset = offsetOf(head);
  expect(offset).toBeLessThan(BYTES.length);
  const { stdout: last } = await run(curl, ["-sS", "-D", "-", "-C", `${offset}`, "-T", "F", upload], { cwd: own });
  expect(last).toContain("201 Created");
  expect(readFileSync(join(root, "F")).equals(BYTES)).toBe(true);
});

test("wget -c and aria2c complete a download", async (context) => {
  const [wget, aria2c] = [requireTool(context, "wget"), requireTool(context, "aria2c")];
  const { url, root, own } = await served();
  writeFileSync(join(root, "D"), BYTES);
  writeFileSync(join(own, "D"), BYTES.subarray(0, 1_000_000));
  await run(wget, ["-q", "-c", `${url}/D`], { cwd: own });
  expect(readFileSync(join(own, "D")).equals(BYTES)).toBe(true);
  await run(aria2c, ["-q", "-x", "4", "-k", "1M", "-o", "A", `${url}/D`], { cwd: own });
  expect(readFileSync(join(own, "A")).equals(BYTES)).toBe(true);
});

/** Runs an upload of tus-js-client to its end, or until it has sent so many bytes. */
function uploaded(upload: Upload, stopAt = Number.POSITIVE_INFINITY): Promise<"complete" | "stopped"> {
  return new Promise((resolve, reject) => {
    upload.options.onSuccess = () => resolve("complete");
    upload.options.onError = reject;
    upload.options.onChunkComplete = (_, sent) => {
      if (sent >= stopAt) upload.abort().then(() => resolve("stopped"), reject);
    };
    upload.start();
  });
}

test.each(["tus-v1", "ietf-draft-03", "ietf-draft-05"] as const)(
  "tus-js-client by %s: stopped, and completed by another",
  async (protocol) => {
    const { url, root } = await served();
    const endpoint = protocol === "tus-v1" ? `${url}/docs/` : `${url}/docs/F`;
    const options = { endpoint, protocol, chunkSize: 1_000_000, metadata: { filename: "F" }, retryDelays: null };
    const first = new Upload(BYTES, options);
    expect(await uploaded(first, 1_000_000)).toBe("stopped");
    const second = new Upload(BYTES, { ...options, uploadUrl: first.url });
    expect(await uploaded(second)).toBe("complete");
    expect(second.url).toBe(first.url);
    expect(readFileSync(join(root, "docs/F")).equals(BYTES)).toBe(true);
  },
);

test("tus-js-client: parallel parts, a deferred length", async () => {
  const { url, root } = await served();
  const endpoint = `${url}/`;
  await uploaded(
    new Upload(BYTES, { endpoint, parallelUploads: 3, metadata: { filename: "parallel" }, retryDelays: null }),
  );
  expect(readFileSync(join(root, "parallel")).equals(BYTES)).toBe(true);
  const deferred = {
    endpoint,
    uploadLengthDeferred: true,
    chunkSize: 1_000_000,
    metadata: { filename: "deferred" },
    retryDelays: null,
  };
  await uploaded(new Upload(BYTES, deferred));
  expect(readFileSync(join(root, "deferred")).equals(BYTES)).toBe(true);
});

/** The statuses and fields of the answers to the same requests. */
async function transcript(endpoint: string): Promise<readonly unknown[]> {
  const tus = { "Tus-Resumable": "1.0.0", Connection: "close" };
  const answers: unknown[] = [];
  const origin = new URL(endpoint).origin;
  const ask = async (
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Response> => {
    const answer = await fetch(new URL(path, endpoint), {
      method,
      headers: { ...tus, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    await answer.text();
    const names = ["tus-resumable", "upload-length", "upload-defer-length", "upload-metadata"];
    // Of a refusal, ours says the offset, too.
    if (answer.ok) names.push("upload-offset");
    if (method === "HEAD") names.push("cache-control");
    // tus demands 415 for another media type, and 412 for another version: @tus/server answers 400.
    const status = answer.status === 415 || answer.status === 412 ? 400 : answer.status;
    answers.push([method, status, ...names.map((name) => [name, answer.headers.get(name)])]);
    return answer;
  };
  const type = { "Content-Type": "application/offset+octet-stream" };
  const created = await ask("POST", endpoint, { "Upload-Length": "10", "Upload-Metadata": "filename YQ==" });
  const path = new URL(created.headers.get("location") ?? "", origin).pathname;
  await ask("HEAD", path, {});
  await ask("PATCH", path, { ...type, "Upload-Offset": "3" }, "hello");
  await ask("PATCH", path, { ...type, "Upload-Offset": "0" }, "hello");
  await ask("HEAD", path, {});
  await ask("PATCH", path, { "Content-Type": "text/plain", "Upload-Offset": "5" }, "world");
  await ask("PATCH", path, { ...type, "Upload-Offset": "5" }, "world");
  await ask("HEAD", path, {});
  await ask("POST", endpoint, { "Upload-Length": "-1" });
  await ask("POST", endpoint, {});
  const deferred = await ask("POST", endpoint, { "Upload-Defer-Length": "1" });
  await ask("HEAD", new URL(deferred.headers.get("location") ?? "", origin).pathname, {});
  await ask("POST", endpoint, { "Tus-Resumable": "0.2.2", "Upload-Length": "1" });
  return answers;
}

test("@tus/server answers the same", async () => {
  const theirs = new TusServer({ path: "/files", datastore: new FileStore({ directory: temporaryFolder() }) });
  const server = createServer((request, response) => void theirs.handle(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const { port } = Object(server.address()) as { port: number };
  const { url } = await served();
  expect(await transcript(`${url}/files/`)).toEqual(await transcript(`http://127.0.0.1:${port}/files/`));
});

test("sha256sum takes what ?sha256 lists", async (context) => {
  const curl = requireTool(context, "curl");
  const { url, root, own } = await served();
  await run(curl, ["-sSf", "-T", "F", `${url}/`], { cwd: own });
  const { stdout: sums } = await run(curl, ["-sSf", `${url}/?sha256`]);
  expect(execFileSync("sha256sum", ["-c", "--strict"], { cwd: root, input: sums, encoding: "utf8" })).toBe("F: OK\n");
});
