import type { MessageJson } from "../../services/chat/server-message.ts";
import { made } from "./element.ts";

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY_AND_CLOCK = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** A message as it is shown. */
export function messageLine({ id, time, from, kind, text }: MessageJson, own: string | undefined): HTMLElement {
  const name = made("span", "from", kind === "me" ? `* ${from} ` : from);
  name.style.setProperty("--hue", `${hueOf(from)}`);
  if (kind === "say") name.append(made("span", "quiet", ": "));
  const line = made("p", from === own ? "message own" : "message", name, made("bdi", "text", text), " ", timeOf(time));
  if (kind === "me") line.classList.add("action");
  line.dataset["id"] = `${id}`;
  return line;
}

/** What only this member hears: it is told from what is said in the room. */
export function privateLine(from: string, text: string): HTMLElement {
  const name = made("span", "from", `${from} to you alone`, made("span", "quiet", ": "));
  name.style.setProperty("--hue", `${hueOf(from)}`);
  return made("p", "message private", name, made("bdi", "text", text), " ", timeOf(Date.now()));
}

/** What the chat itself says. */
export function noticeLine(text: string): HTMLElement {
  return made("p", "notice", made("bdi", "text", text));
}

function timeOf(ms: number): HTMLElement {
  const date = new Date(ms);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = made("time", "", (isToday ? CLOCK : DAY_AND_CLOCK).format(date));
  time.dateTime = date.toISOString();
  time.title = WHOLE.format(date);
  return time;
}

/** The same for a name in each room and on each machine; FNV-1a, which keeps names apart that differ little. */
function hueOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const letter of name.toLowerCase()) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash % 360;
}
