import type { MessageJson } from "../../services/chat/server-message.ts";
import { createElement } from "./element.ts";

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY_AND_CLOCK = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** Creates the line of a message. */
export function messageLine({ id, time, from, kind, text }: MessageJson, own: string | undefined): HTMLElement {
  const name = createElement("span", "from", kind === "me" ? `* ${from} ` : from);
  name.style.setProperty("--hue", `${hueOf(from)}`);
  if (kind === "say") name.append(createElement("span", "quiet", ": "));
  const line = createElement(
    "p",
    from === own ? "message own" : "message",
    name,
    createElement("bdi", "text", text),
    " ",
    timeOf(time),
  );
  if (kind === "me") line.classList.add("action");
  line.dataset["id"] = `${id}`;
  return line;
}

/** Creates the line of a private message, which looks different from the messages of the room. */
export function privateLine(from: string, text: string): HTMLElement {
  const name = createElement("span", "from", `${from} to you alone`, createElement("span", "quiet", ": "));
  name.style.setProperty("--hue", `${hueOf(from)}`);
  return createElement("p", "message private", name, createElement("bdi", "text", text), " ", timeOf(Date.now()));
}

/** Creates the line of a notice of the chat itself. */
export function noticeLine(text: string): HTMLElement {
  return createElement("p", "notice", createElement("bdi", "text", text));
}

function timeOf(ms: number): HTMLElement {
  const date = new Date(ms);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = createElement("time", "", (isToday ? CLOCK : DAY_AND_CLOCK).format(date));
  time.dateTime = date.toISOString();
  time.title = WHOLE.format(date);
  return time;
}

/** Returns the hue of a name, the same in each room and on each machine. FNV-1a gives similar names different hues. */
function hueOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const letter of name.toLowerCase()) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash % 360;
}
