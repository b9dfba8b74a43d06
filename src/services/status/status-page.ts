import { loadTemplate, type Template } from "../web/template/template.ts";
import type { Variables } from "../web/template/variables.ts";
import {
  CONNECTION_COLUMNS,
  type ConnectionColumn,
  type ConnectionQuery,
  connectionTable,
  sortText,
} from "./connection-table.ts";
import { bytesText, countText, momentText, timeSpanText } from "./number-text.ts";
import type { Overview, OverviewLimit, OverviewService } from "./overview.ts";
import { plotsOf } from "./plots.ts";
import type { Sample } from "./sample.ts";
import { listenerKey, MAX_SUBJECTS, serviceKey, subjectsOf } from "./subject.ts";

/** The used part from which the page marks a limit as nearly reached. */
const HIGH_PART = 0.9;
/** Limits the rows of the tables of services, limits and alarms; the page leaves further rows out. */
const MAX_TABLE_ROWS = 1_000;

const HEADINGS: Readonly<Record<ConnectionColumn, string>> = {
  peer: "Peer",
  service: "Service",
  listener: "Listener",
  state: "State",
  opened: "Age",
  in: "In",
  out: "Out",
};
const CLASSES: Partial<Record<ConnectionColumn, string>> = {
  listener: "rest",
  state: "rest",
  opened: "number",
  in: "number",
  out: "number",
};

/** The input of a page in addition to the overview. */
export interface PageInput {
  readonly query: ConnectionQuery;
  readonly samples: readonly Sample[];
  readonly nowMs: number;
  readonly hasToken: boolean;
}

/** The settings that all pages share. */
export interface PageOptions {
  readonly metrics: string;
  readonly historyMs: number;
  readonly maxSamples: number;
  readonly maxRows: number;
}

/** Renders the status page as HTML with all numbers in it; its script only updates them and draws plots. */
export class StatusPage {
  readonly #template: Template;
  readonly #options: PageOptions;

  constructor(html: string, options: PageOptions) {
    this.#template = loadTemplate("index.html", { read: () => html });
    this.#options = options;
  }

  login(refusal: string | undefined): string {
    return this.#template.render({ title: "Log in: Sockwright status", isLogin: true, refusal: refusal ?? "" });
  }

  render(overview: Overview, { query, samples, nowMs, hasToken }: PageInput): string {
    const { metrics, maxSamples, historyMs, maxRows } = this.#options;
    const services = overview.services();
    const alarms = overview.alarms();
    const html = this.#template.render({
      title: alarms.length > 0 ? "Alarm: Sockwright status" : "Sockwright status",
      ...{ metrics, maxSamples, hasToken, historyText: timeSpanText(historyMs) },
      here: `./?${new URLSearchParams({ search: query.search, sort: sortText(query) }).toString()}`,
      ...{ time: new Date(nowMs).toISOString(), timeText: momentText(nowMs) },
      alarms: alarms.slice(0, MAX_TABLE_ROWS).map(({ services: own, connectionsActive, raiseAt, sinceMs }) => ({
        ...{ key: `${own.join()} ${raiseAt}`, service: own.join(", ") },
        ...{ connections: countText(connectionsActive), raiseAt: countText(raiseAt) },
        ...{ since: new Date(sinceMs).toISOString(), sinceText: momentText(sinceMs) },
      })),
      services: services.slice(0, MAX_TABLE_ROWS).map(serviceRow),
      limits: limitRows(overview).slice(0, MAX_TABLE_ROWS),
      ...plotSections(overview, samples),
      ...connectionSection(overview, query, nowMs, maxRows),
    });
    return html.replace(UNPRINTABLE, escapeCharacter);
  }
}

/** Unprintable characters: names of Unix sockets may have any, and curl shows the page on a terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escapeCharacter(character: string): string {
  return character === "\n" ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

function serviceRow({ name, state, error, urls, stats, requests }: OverviewService): Variables {
  const total = (of: (server: (typeof stats)[number]) => number): string =>
    stats.length === 0 ? "" : countText(stats.reduce((all, server) => all + of(server), 0));
  return {
    ...{ key: serviceKey(name), name, state, stateClass: `is-${state}`, error: error ?? "" },
    urls: urls.map((url) => ({ url, isLink: isLink(url) })),
    open: total((server) => server.connectionsActive),
    accepted: total((server) => server.connectionsAccepted),
    refused: total((server) => Object.values(server.connectionsRefused).reduce((all, count) => all + count, 0)),
    requests: requests === undefined ? "" : countText(requests.answered),
  };
}

/** Whether a browser can open a URL: a wildcard address is not one. */
function isLink(url: string): boolean {
  return /^https?:\/\/(?!\*|0\.0\.0\.0|\[::\])/.test(url);
}

/** The limits of services and of shared listeners. */
function limitRows(overview: Overview): readonly Variables[] {
  const all = [
    ...overview.services().map(({ name, limits }) => ({ whose: name, limits })),
    ...overview.httpListeners().map(({ url, limits }) => ({ whose: url, limits })),
  ];
  return all.flatMap(({ whose, limits }) => limits.map((limit) => limitRow(whose, limit)));
}

function limitRow(whose: string, { name, limit, used }: OverviewLimit): Variables {
  const part = limit > 0 ? (used ?? 0) / limit : 0;
  return {
    ...{ key: `${whose}\n${name}`, whose, name, limit, hasLevel: used !== undefined },
    ...{ used: used ?? 0, high: limit * HIGH_PART },
    usedText: used === undefined ? "" : countText(used),
    limitText: countText(limit),
    percent: `${Math.floor(part * 100)} %`,
    levelClass: part >= HIGH_PART ? "bad" : "dim",
    label: `${name} of ${whose}`,
  };
}

function plotSections(overview: Overview, samples: readonly Sample[]): Variables {
  const carried = new Map(overview.httpListeners().map(({ url, services }) => [listenerKey(url), services.join(", ")]));
  const subjects = subjectsOf(overview);
  const more = overview.services().length + overview.httpListeners().length - subjects.length;
  return {
    moreSubjects: more > 0 ? `There are plots of the first ${MAX_SUBJECTS}; ${countText(more)} more have none.` : "",
    subjects: subjects
      .map((subject, place) => ({
        ...{ key: subject.key, id: `subject-${place}`, name: subject.name, carries: carried.get(subject.key) ?? "" },
        plots: plotsOf(subject, samples).map((plot) => ({ ...plot, note: plot.note ?? "" })),
      }))
      // A failed service has no counters.
      .filter(({ plots }) => plots.length > 0),
  };
}

function connectionSection(overview: Overview, query: ConnectionQuery, nowMs: number, maxRows: number): Variables {
  const { rows, found, all } = connectionTable(overview.connections(), query, maxRows);
  return {
    ...{ search: query.search, sort: sortText(query), foundText: foundText(rows.length, found, all) },
    columns: CONNECTION_COLUMNS.map((column) => {
      const isSorted = query.by === column;
      const direction = isSorted && query.direction === "ascending" ? "descending" : "ascending";
      return {
        ...{ column, heading: HEADINGS[column], columnClass: CLASSES[column] ?? "" },
        isAscending: isSorted && query.direction === "ascending",
        isDescending: isSorted && query.direction === "descending",
        next: sortText({ by: column, direction }),
      };
    }),
    rows: rows.map(({ connection, name }) => ({
      ...{ id: connection.id, peer: name === "" ? `connection ${connection.id}` : name, service: connection.service },
      ...{ listener: connection.listener ?? connection.url, state: connection.state },
      opened: connection.openedAt.toISOString(),
      age: timeSpanText(nowMs - connection.openedAt.getTime()),
      bytesIn: bytesText(connection.bytesRead),
      bytesOut: bytesText(connection.bytesWritten),
      label: `${name === "" ? `connection ${connection.id}` : name} of ${connection.service}`,
    })),
  };
}

function foundText(shown: number, found: number, all: number): string {
  const of = found === all ? "" : ` of ${countText(all)}`;
  const some = `${countText(found)}${of} ${all === 1 ? "connection" : "connections"}`;
  return shown < found ? `${some}, the first ${countText(shown)} are shown: search for the others` : some;
}
