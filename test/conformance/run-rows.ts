import { mkdtempSync, rmSync } from "node:fs";
import type { NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished, type TestContext } from "vitest";
import { type Answer, exchange, type Sending } from "./exchange.ts";
import { fieldOf, type Response } from "./response.ts";
import { type Ability, get, type Row, type Sent } from "./row.ts";
import type { Server } from "./server.ts";
import { makeSite } from "./site.ts";

/** The result of a row for one server. */
export interface Outcome {
  readonly row: Row;
  /** `unasked`: the server lacks the ability that the row tests. */
  readonly verdict: "right" | "wrong" | "unasked";
  /** Undefined if the request was not sent, or the server ended during it. */
  readonly answer: Answer | undefined;
}

/** The abilities of a server, determined before the rows are sent. */
interface Known {
  readonly abilities: ReadonlySet<Ability>;
  /** The values for the words in angle brackets. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Starts a server with its own site, and sends the rows one after another. A server that ends is started again.
 *
 * @param quietMs - after this time without a byte, the server counts as one that does not answer.
 */
export async function runRows(
  context: TestContext,
  server: Server,
  rows: readonly Row[],
  quietMs: number,
): Promise<readonly Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const place = { folder, root: makeSite(folder, server.takesLoops) };
  let address = await server.start(context, place);
  const known = await ask(address, server, quietMs);
  const outcomes: Outcome[] = [];
  for (const row of rows) {
    if (!row.needs.every((ability) => known.abilities.has(ability))) {
      outcomes.push({ row, verdict: "unasked", answer: undefined });
      continue;
    }
    const answer = await answerTo(address, row.sent, known.values, quietMs);
    if (answer.finals.length === 0 && !(await isThere(address, quietMs))) {
      outcomes.push({ row, verdict: "wrong", answer: undefined });
      address = await server.start(context, place);
      continue;
    }
    outcomes.push({ row, verdict: row.accepts.holds(answer) ? "right" : "wrong", answer });
  }
  return outcomes;
}

async function answerTo(
  address: NetConnectOpts,
  sent: Sent,
  values: Known["values"],
  quietMs: number,
): Promise<Answer> {
  const { parts, methods, isApart = false } = sent;
  if (!isApart) return exchange(address, sending(sent, values), quietMs);
  const answers: Answer[] = [];
  for (const [place, part] of parts.entries()) {
    const own = { parts: [part], methods: [methods[place] ?? "GET"] };
    answers.push(await exchange(address, sending(own, values), quietMs));
  }
  return {
    interims: answers.flatMap(({ interims }) => interims),
    finals: answers.flatMap(({ finals }) => finals),
    rest: Buffer.concat(answers.map(({ rest }) => rest)),
    end: answers.find(({ end }) => end !== "closed")?.end ?? "closed",
  };
}

async function isThere(address: NetConnectOpts, quietMs: number): Promise<boolean> {
  return (await exchange(address, sending(get("/next.txt"), {}), quietMs)).end !== "refused";
}

async function ask(address: NetConnectOpts, { takesLoops }: Server, quietMs: number): Promise<Known> {
  const first = async (sent: Sent): Promise<Response | undefined> =>
    (await exchange(address, sending(sent, {}), quietMs)).finals[0];
  const tagOf = (response: Response | undefined): string => (response && fieldOf(response, "ETag")) ?? "";
  const inCoding = (coding: string) => first(get("/page.html", `Accept-Encoding: ${coding}`));
  const isIn = (response: Response | undefined, coding: string): boolean =>
    response !== undefined && fieldOf(response, "Content-Encoding") === coding;
  const etag = tagOf(await first(get("/file.txt")));
  const gzip = await inCoding("gzip");
  const abilities = new Set<Ability>();
  if (etag !== "") abilities.add("etag");
  if (etag.startsWith('"')) abilities.add("strong etag");
  if ((await first(get("/file.txt", "Range: bytes=0-0")))?.status === 206) abilities.add("ranges");
  if (isIn(gzip, "gzip")) abilities.add("gzip");
  if (tagOf(gzip).startsWith('"')) abilities.add("strong gzip etag");
  for (const coding of ["br", "zstd"] as const) if (isIn(await inCoding(coding), coding)) abilities.add(coding);
  if (/^30/.test(`${(await first(get("/folder")))?.status}`)) abilities.add("redirect");
  if (takesLoops) abilities.add("loop");
  const pageTag = tagOf(await first(get("/page.html")));
  const values = {
    etag,
    strong: etag,
    opaque: etag.replace("W/", ""),
    "gzip etag": tagOf(gzip),
    "page etag": pageTag,
    "gzip modified": (gzip && fieldOf(gzip, "Last-Modified")) ?? "",
  };
  return { abilities, values };
}

function sending({ parts, methods, halfClose = false }: Sent, values: Readonly<Record<string, string>>): Sending {
  const filledIn = (text: string): string => text.replace(/<([a-z ]+)>/g, (all, name: string) => values[name] ?? all);
  return { parts: parts.map((part) => Buffer.from(filledIn(part), "latin1")), methods, halfClose };
}
