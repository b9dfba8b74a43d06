import type { Row } from "./row.ts";
import { codings } from "./rows/codings.ts";
import { conditionals } from "./rows/conditionals.ts";
import { connections } from "./rows/connections.ts";
import { files } from "./rows/files.ts";
import { framing } from "./rows/framing.ts";
import { heads } from "./rows/heads.ts";
import { methods } from "./rows/methods.ts";
import { paths } from "./rows/paths.ts";
import { ranges } from "./rows/ranges.ts";
import { representations } from "./rows/representations.ts";

/** The whole table; requests that stop a server are last. */
export const rows: readonly Row[] = [
  ...[methods, representations, conditionals, ranges, codings].flat(),
  ...[paths, heads, framing, connections, files].flat(),
];
