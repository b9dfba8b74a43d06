import { statSync } from "node:fs";
import type { Clock } from "../../server/time/clock.ts";
import { readUsersFile, type UsersFile } from "./users-file.ts";

/** For so long the users are those that were read last; then it is looked whether the file has changed. */
export const USERS_LOOK_MS = 1_000;

/** The users of a file, which is read again when it has changed. A file with a mistake changes nothing. */
export class UsersSource {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #report: (error: unknown) => void;
  #file: UsersFile;
  #state: string;
  #lookedAtMs: number;

  /** @throws UsersFileError. */
  constructor(path: string, clock: Clock, report: (error: unknown) => void) {
    this.#path = path;
    this.#clock = clock;
    this.#report = report;
    this.#state = stateOf(path);
    this.#file = readUsersFile(path);
    this.#lookedAtMs = clock.now();
  }

  /** The users now. */
  get current(): UsersFile {
    if (this.#clock.now() - this.#lookedAtMs >= USERS_LOOK_MS) this.#look();
    return this.#file;
  }

  #look(): void {
    this.#lookedAtMs = this.#clock.now();
    const state = stateOf(this.#path);
    if (state === this.#state) return;
    this.#state = state;
    try {
      this.#file = readUsersFile(this.#path);
    } catch (error) {
      this.#report(error);
    }
  }
}

/** What changes when the file does; `""` when it is not there. */
function stateOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "" : [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(" ");
}
