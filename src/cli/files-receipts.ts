import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DigestIndex, receiptsOf } from "../services/files/receipts.ts";
import { STATE_FOLDER } from "../services/files/state-folder.ts";
import { sumLine } from "../services/files/sums.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import type { StandardStreams } from "./standard-streams.ts";

/** Prints the receipts of a folder, or the digests of its current files in the form that `sha256sum -c --strict` takes. */
export async function printReceipts(root: string, isSums: boolean, { output }: StandardStreams): Promise<number> {
  let text: string;
  try {
    text = await readFile(join(root, STATE_FOLDER, "receipts.jsonl"), "utf8");
  } catch (error) {
    const message = `${root}: no  sockwright files  has served this folder, or it belongs to another user`;
    throw new CommandError(message, exitCodes.usage, error);
  }
  await output.write(Buffer.from(isSums ? sumsOf(text) : text));
  return 0;
}

function sumsOf(text: string): string {
  const index = new DigestIndex();
  for (const receipt of receiptsOf(text)) index.apply(receipt);
  return index
    .entries()
    .map(([path, { sha256 }]) => sumLine(sha256, path))
    .join("");
}
