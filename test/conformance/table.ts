import { isNextAnswered } from "./check.ts";
import { fieldOf } from "./response.ts";
import { HOST, NEXT, type Row } from "./row.ts";
import type { Outcome } from "./run-rows.ts";

/** The results of one server, and its name and version. */
export interface Column {
  readonly name: string;
  readonly version: string;
  readonly outcomes: readonly Outcome[];
}

/** The table shows no further responses. */
const MAX_STATUSES = 6;
/** The table cuts a request after this many characters. */
const MAX_SHOWN = 90;

/** The page: the totals, then a table for each group. */
export function page(introduction: string, columns: readonly Column[]): string {
  const rows = columns[0]?.outcomes.map(({ row }) => row) ?? [];
  const groups = [...new Set(rows.map(({ group }) => group))];
  const tables = groups.map((group) => {
    const header = ["", "request", "RFC", "wanted", ...columns.map(({ name }) => name)];
    const own = rows.flatMap((row, place) => (row.group === group ? [lineOf(row, place, columns)] : []));
    return `## ${group}\n\n${[header, header.map(() => "---"), ...own].map(tableLine).join("\n")}\n`;
  });
  return [introduction, totals(columns), ...tables].join("\n");
}

/** A row of a table without its answers. */
function cellsOf(row: Row): readonly string[] {
  return [row.kind, `${row.name}<br>${code(shown(row))}`, row.section, row.accepts.wanted].map(escaped);
}

/** The answer of a server in short form. */
export function answerCell({ row, verdict, answer }: Outcome): string {
  if (verdict === "unasked") return "–";
  const mark = verdict === "right" ? "✓" : row.kind === "rule" ? "✗" : "○";
  return escaped(`${mark} ${answer === undefined ? "ends the server" : inShort(row, answer)}`);
}

function lineOf(row: Row, place: number, columns: readonly Column[]): readonly string[] {
  const answers = columns.map(({ outcomes }) => outcomes[place]).map((own) => (own ? answerCell(own) : ""));
  return [...cellsOf(row), ...answers];
}

function inShort(row: Row, answer: NonNullable<Outcome["answer"]>): string {
  const { interims, finals, rest, end } = answer;
  const isNext = isNextAnswered(answer);
  const own = isNext ? finals.slice(0, -1) : finals;
  const statuses = [...interims, ...own].map(({ status, isWhole }) => `${status}${isWhole ? "" : " cut"}`);
  const parts = statuses.slice(0, MAX_STATUSES);
  if (statuses.length > MAX_STATUSES) parts.push("…");
  if (isNext) parts.push("next");
  if (rest.length > 0) parts.push("no HTTP");
  if (end === "open") parts.push("no end");
  if (parts.length === 0) parts.push(end);
  const [first] = own;
  const fields = row.shows.map((name) => first && fieldOf(first, name)).filter((value) => value !== undefined);
  return [parts.join(", "), ...fields.map((value) => code(value))].join(" ");
}

/** How many rules a server keeps and breaks, how many did not apply, and in how many policies it agrees with ours. */
export function totalsOf({ name, version, outcomes }: Column): readonly string[] {
  const count = (kind: Row["kind"], verdict: Outcome["verdict"]): string =>
    `${outcomes.filter((own) => own.row.kind === kind && own.verdict === verdict).length}`;
  const rules = (["right", "wrong", "unasked"] as const).map((verdict) => count("rule", verdict));
  return [`${name} ${version}`.trim(), ...rules, count("policy", "right"), count("policy", "wrong")];
}

function totals(columns: readonly Column[]): string {
  const header = [
    "",
    "rules kept ✓",
    "rules broken ✗",
    "rules not asked –",
    "policies like ours ✓",
    "other policies ○",
  ];
  return `${[header, header.map(() => "---"), ...columns.map(totalsOf)].map(tableLine).join("\n")}\n`;
}

/** The request as the table shows it: without the lines that all requests have, and with its line ends. */
function shown({ sent, group }: Row): string {
  const parts = sent.parts.filter((part) => part !== NEXT).map((part) => withoutUsual(part.replace(NEXT, ""), group));
  const text = parts.join(sent.isApart ? " and " : " … ") + (sent.halfClose ? " … FIN" : "");
  const marked = text.replaceAll("\r\n", "↵").replace(/[^\x20-\x7e↵…]/g, (byte) => hexOf(byte));
  return marked.length > MAX_SHOWN ? `${marked.slice(0, MAX_SHOWN)}…` : marked;
}

/** The common lines appear only in rows about them. */
function withoutUsual(text: string, group: string): string {
  const count = (pattern: RegExp): number => [...text.matchAll(pattern)].length;
  const ended = text.replace(/\r\n\r\n$/, "");
  if (count(/\r\nHost:/g) !== count(/ HTTP\/\d\.\d\r\n/g)) return ended;
  return (group === "Connections" ? ended : ended.replace(/\r\nConnection: close$/, ""))
    .replaceAll(`\r\nHost: ${HOST}`, "")
    .replace(/^(\S+ \S+) HTTP\/1\.1(?=\r\n|$)/, "$1");
}

function hexOf(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** Markdown code, for text that may contain backticks. */
function code(text: string): string {
  if (!text.includes("`")) return `\`${text}\``;
  return `\`\` ${text} \`\``;
}

function escaped(cell: string): string {
  return cell.replaceAll("|", "\\|").replace(/\n/g, " ");
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
