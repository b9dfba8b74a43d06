// Uploads a file, or the rest of it: node dist/examples/upload-client.js FILE [HOST:PORT]
import { statSync } from "node:fs";
import { basename } from "node:path";
import { hostAndPort, usage } from "./address.ts";
import { printable } from "./client-limits.ts";
import { run, UsageError } from "./command.ts";
import { sha256Of } from "./upload-digest.ts";
import { parseHeader, UploadError } from "./upload-file.ts";
import { upload } from "./upload-send.ts";

const ARGUMENTS = "FILE [HOST:PORT]";

await run(async () => {
  const [path = "", at = "127.0.0.1:8000", more] = process.argv.slice(2);
  const file = statSync(path, { throwIfNoEntry: false });
  if (!file?.isFile() || more !== undefined) throw new UsageError(usage(ARGUMENTS));
  const to = hostAndPort(at, ARGUMENTS);
  const { name, size } = parseHeader(`post|${basename(path)}|${file.size}`);
  const sha256 = await sha256Of(path);
  let [word, value = ""] = await upload(path, { name, size, sha256 }, to);
  if (word === "differs") {
    console.error(`${printable(value)}: once more, from the start`);
    [word, value = ""] = await upload(path, { name, size, sha256 }, to);
  }
  if (word === "") throw new UploadError("the server hung up; the rest can be sent again");
  if (word !== "done") throw new UploadError(printable(value));
  if (value !== sha256) throw new UploadError("what the server has is different; send it again");
  console.log(`Stored ${name}, SHA-256 ${value}`);
});
