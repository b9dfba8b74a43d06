import { existsSync } from "node:fs";
import type { Server } from "../server/server.ts";
import { codeOf, messageOf } from "../socket/values.ts";
import { adminActions } from "../supervisor/admin/admin-actions.ts";
import { AdminError } from "../supervisor/admin/admin-error.ts";
import { serveAdmin } from "../supervisor/admin/admin-server.ts";
import type { Demonstration } from "../supervisor/demonstration.ts";
import { PlanError } from "../supervisor/group-plan.ts";
import { JoinedCalls } from "../supervisor/joined-calls.ts";
import { serviceMaker } from "../supervisor/kinds.ts";
import { ListenerError } from "../supervisor/listener-error.ts";
import type { Plan } from "../supervisor/plan.ts";
import { dropPrivileges } from "../supervisor/privileges.ts";
import { ReloadError } from "../supervisor/reload-error.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { SystemdNotifier } from "../supervisor/systemd-notifier.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { EventLog } from "./event-log.ts";
import { explain } from "./explain.ts";
import { invocationOf } from "./invocation.ts";
import { DEFAULT_FILE, MistakesError, planAt } from "./plan-file.ts";
import type { StandardStreams } from "./standard-streams.ts";
import { tableLines } from "./table.ts";
import { LAST_WORDS_MS, within } from "./time-limit.ts";
import { untilSignal } from "./until-signal.ts";
import { UpLog } from "./up-log.ts";

/** The options of `up`. */
export interface UpOptions {
  readonly check?: boolean;
  readonly demo?: boolean;
  readonly log: "text" | "json";
  readonly grace?: number;
}

/** Runs `sockwright up` until it is stopped or has checked the file, and resolves with the exit code. */
export async function runUp(file: string | undefined, options: UpOptions, streams: StandardStreams): Promise<number> {
  const own = file ?? (options.demo !== true && existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  try {
    if (options.check === true) return await check(own ?? DEFAULT_FILE, streams);
    if (own === undefined) return await runDemonstration(options, streams);
    const plan = await planAt(own);
    const run = new UpRun({ name: own, read: () => planAt(own) }, options, streams);
    if (file === undefined) run.log.log({ event: "running", file: own });
    return await run.run(plan);
  } catch (error) {
    if (!(error instanceof MistakesError)) throw error;
    await streams.errors.write(Buffer.from(error.mistakes.map((line) => `${line}\n`).join("")));
    return exitCodes.usage;
  }
}

async function check(file: string, { output }: StandardStreams): Promise<number> {
  await planAt(file);
  await output.write(Buffer.from(`${file}: no mistakes\n`));
  return 0;
}

async function runDemonstration(options: UpOptions, streams: StandardStreams): Promise<number> {
  using shown = await prepared();
  const source = { name: "the demonstration", read: async () => shown.plan };
  return await new UpRun(source, options, streams, shown).run(shown.plan);
}

/** By itself: TypeScript 6 rewrites no name of a file in a function with `using`. */
async function prepared(): Promise<Demonstration> {
  const { demonstration } = await import("../supervisor/demonstration.ts");
  return demonstration();
}

/** Where a plan comes from. */
interface PlanSource {
  readonly name: string;
  read(): Promise<Plan>;
}

/** One run of `up`: its services, its admin socket, the signals that it hears, and what it tells. */
class UpRun {
  readonly log: UpLog;
  readonly #lines: EventLog;
  readonly #source: PlanSource;
  readonly #options: UpOptions;
  readonly #supervisor: Supervisor;
  readonly #notifier: SystemdNotifier;
  readonly #demonstration: Demonstration | undefined;
  readonly #reloads = new JoinedCalls(() => this.#reload());
  readonly #stopAsked = new Signal();
  readonly #stopped = new Signal();
  #plan: Plan | undefined;

  constructor(source: PlanSource, options: UpOptions, { output }: StandardStreams, demonstration?: Demonstration) {
    this.#source = source;
    this.#options = options;
    this.#demonstration = demonstration;
    this.#lines = new EventLog(output);
    this.log = new UpLog(this.#lines, options.log);
    this.#supervisor = new Supervisor({
      make: serviceMaker((service) => ({
        log: (line) => this.#lines.print(line.trimEnd()),
        onError: (error) => this.#failed(service, error),
      })),
      onEvent: (event) => {
        // The table of the demonstration has them.
        if (demonstration === undefined || event.event !== "listening") this.log.log(event);
      },
    });
    this.#notifier = new SystemdNotifier(process.env, (error) => this.#failed("sd_notify", error));
  }

  async run(plan: Plan): Promise<number> {
    this.#plan = plan;
    let admin: Server | undefined;
    const { first, second, stop } = untilSignal(() => {
      // Before that the plan that would be read is about to start.
      if (admin !== undefined) void this.#reloads.call().catch(() => undefined);
    });
    try {
      admin = await this.#openAdmin(plan);
      const asked = Promise.race([first, this.#stopAsked.given]);
      // A module may take long to be imported: nobody waits for it to end.
      await Promise.race([this.#start(plan), asked]);
      await asked;
      this.log.log({ event: "stopping" });
      await Promise.race([this.#end(), second]);
      this.#stopped.give();
      await Promise.race([admin.close({ graceMs: LAST_WORDS_MS }), second]);
      await within(LAST_WORDS_MS, this.#lines.printed());
      return 0;
    } finally {
      this.#notifier.stop();
      stop();
      await admin?.close({ graceMs: 0 });
    }
  }

  async #openAdmin({ adminSocket, user }: Plan): Promise<Server> {
    const actions = adminActions(this.#supervisor, {
      reload: () => this.#reloads.call(),
      stop: () => {
        this.#stopAsked.give();
        return this.#stopped.given;
      },
    });
    try {
      return await serveAdmin(adminSocket, actions, { owner: user });
    } catch (error) {
      const failure = explain(error, { url: `unix:${adminSocket}`, role: "listener" });
      if (codeOf(error) !== "EADDRINUSE") throw failure;
      const advice = `sockwright ctl stop --socket ${adminSocket}  ends it, and [admin] socket = "…" chooses another`;
      throw new CommandError(
        `another  sockwright up  uses the admin socket ${adminSocket}: ${advice}`,
        exitCodes.usage,
        error,
      );
    }
  }

  async #start(plan: Plan): Promise<void> {
    try {
      await this.#supervisor.start(plan);
      dropPrivileges(plan);
    } catch (error) {
      await this.#supervisor.close(0);
      throw startFailure(error);
    }
    this.#printTable();
    await this.#notifier.ready(this.#status());
  }

  #printTable(): void {
    const shown = this.#demonstration;
    if (shown === undefined) return;
    const rows = shown.rows.map(({ service, address, command }) => [service, address, command]);
    const table = tableLines([["SERVICE", "ADDRESS", "TRY"], ...rows]);
    const command = invocationOf(process.argv[1]);
    const control = `From another terminal: ${command} ctl status --socket ${shown.plan.adminSocket}`;
    for (const line of [...table, ...shown.notes, control, "Stop with Ctrl-C."]) this.#lines.print(line);
  }

  /** Reloads the plan. If it has a mistake, logs it, changes nothing and rejects. */
  async #reload(): Promise<void> {
    const { name } = this.#source;
    await this.#notifier.reloading();
    try {
      const plan = await this.#source.read();
      this.#checkLasting(plan);
      await this.#supervisor.reload(plan);
      this.log.log({ event: "reloaded", file: name });
    } catch (error) {
      const mistakes = mistakesOf(error);
      this.log.log({ event: "refused", file: name, mistakes });
      throw new AdminError(codeOf(error) ?? "ERR_SOCKWRIGHT_RELOAD", mistakes.join("; "), mistakes);
    } finally {
      await this.#notifier.ready(this.#status());
    }
  }

  /** Throws if the new plan changes a setting that needs a restart. */
  #checkLasting(next: Plan): void {
    const changed = (["adminSocket", "user", "group"] as const).filter((name) => next[name] !== this.#plan?.[name]);
    if (changed.length === 0) return;
    const words = changed.map((name) => (name === "adminSocket" ? "the admin socket" : `the ${name}`));
    throw new MistakesError([`${this.#source.name}: ${words.join(" and ")} can only change with a restart`]);
  }

  async #end(): Promise<void> {
    await this.#notifier.stopping();
    await this.#supervisor.close(this.#options.grace);
  }

  #status(): string {
    const services = this.#supervisor.overview.services();
    const failed = services.filter(({ state }) => state === "failed").map(({ name }) => name);
    const running = `${services.length - failed.length} of ${services.length} services run`;
    return failed.length === 0 ? running : `${running}; failed: ${failed.join(", ")}`;
  }

  #failed(service: string, error: unknown): void {
    this.log.log({ event: "error", service, error, peer: undefined });
  }
}

/** Something that happens once. */
class Signal {
  readonly given: Promise<void>;
  #give: () => void = () => undefined;

  constructor() {
    this.given = new Promise((resolve) => {
      this.#give = resolve;
    });
  }

  give(): void {
    this.#give();
  }
}

/** Names the service and the URL of what could not be opened. */
export function startFailure(error: unknown): unknown {
  if (error instanceof PlanError) return new CommandError(error.message, exitCodes.usage, error);
  if (!(error instanceof ListenerError)) return error;
  const { service, url, cause } = error;
  const { message, exitCode } = explain(cause, { url, role: "listener" });
  return new CommandError(`the service ${service}: ${message}`, exitCode, cause);
}

function mistakesOf(error: unknown): readonly string[] {
  if (error instanceof MistakesError || error instanceof ReloadError) return error.mistakes;
  return [messageOf(error)];
}
