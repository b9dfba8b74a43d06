// Dates of HTTP: the form that is sent, and every form that is received.
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const TIME = "(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)";
const MONTH = `(?<month>${MONTHS.join("|")})`;
const DAY_NAME = `(?:${DAYS.join("|")})`;

/** The three forms of RFC 9110, section 5.6.7: the one to send, and two obsolete ones. They are case-sensitive. */
const FORMS = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^${DAY_NAME}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(`^${DAY_NAME} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`),
];

/** The years 0 to 9999, which have four digits. */
const [FIRST_MS, END_MS] = [-62_167_219_200_000, 253_402_300_800_000] as const;

/** Whether {@link formatHttpDate} can format the time: the times of a file system may be outside, even beyond the range of `Date`. */
export function hasHttpDate(ms: number): boolean {
  return ms >= FIRST_MS && ms < END_MS;
}

/** Formats a time as RFC 9110, section 5.6.7, requires: in the years 0 to 9999. */
export function formatHttpDate(ms: number): string {
  const date = new Date(ms);
  const day = `${DAYS[date.getUTCDay()]}, ${twoDigits(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]}`;
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  return `${day} ${year} ${twoDigits(date.getUTCHours())}:${twoDigits(date.getUTCMinutes())}:${twoDigits(date.getUTCSeconds())} GMT`;
}

/**
 * Parses a date in any of the three forms, to ms since 1970; undefined for anything else, such as 31 February. It does not
 * compare the name of the day with the date. `Date.parse` would accept "2027", and read asctime as local time.
 *
 * @param now - the current time: a year of two digits is at most 50 years ahead of it, RFC 9110, section 5.6.7.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts !== undefined) return instantOf(parts, now);
  }
  return undefined;
}

function instantOf(parts: Readonly<Record<string, string>>, now: number): number | undefined {
  const { year = "", month = "" } = parts;
  const [day = 0, hour = 0, minute = 0, second = 0] = ["day", "hour", "minute", "second"].map((part) =>
    Number(parts[part]),
  );
  // RFC 5322, section 3.3: 60 is a leap second.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const monthIndex = MONTHS.indexOf(month as (typeof MONTHS)[number]);
  const instant = (full: number): number =>
    new Date(0).setUTCFullYear(full, monthIndex, day) + timeOfDay(hour, minute, second);
  const thisYear = new Date(now).getUTCFullYear();
  let fullYear = Number(year);
  if (year.length === 2) {
    fullYear += thisYear - (thisYear % 100) + 100;
    const latest = new Date(now).setUTCFullYear(thisYear + 50);
    while (instant(fullYear) > latest) fullYear -= 100;
  }
  const date = new Date(0);
  date.setUTCFullYear(fullYear, monthIndex, day);
  return date.getUTCDate() === day ? instant(fullYear) : undefined;
}

function timeOfDay(hour: number, minute: number, second: number): number {
  return ((hour * 60 + minute) * 60 + Math.min(second, 59)) * 1_000;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** The Date field of responses, formatted once a second. */
export class DateText {
  #second = Number.NaN;
  #text = "";

  at(ms: number): string {
    const second = Math.floor(ms / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = formatHttpDate(ms);
    }
    return this.#text;
  }
}
