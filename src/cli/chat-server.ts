import { MEMORY } from "../services/chat/chat-options.ts";
import { planOfFlags } from "../supervisor/file/plan-of-flags.ts";
import { serviceMaker } from "../supervisor/kinds.ts";
import type { Plan } from "../supervisor/plan.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { reloadCertificates, reloadsAtHangUp } from "./certificate-reload.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import { EventLog } from "./event-log.ts";
import type { StandardStreams } from "./standard-streams.ts";
import { LAST_WORDS_MS, within } from "./time-limit.ts";
import { untilSignal } from "./until-signal.ts";
import { UpLog } from "./up-log.ts";
import { startFailure } from "./up-server.ts";

/** The options of `chat --listen`. */
export interface ChatServerOptions {
  readonly listen: readonly string[];
  readonly history?: string | undefined;
  readonly memory?: boolean | undefined;
  readonly retainMs?: number | undefined;
  readonly messageRate?: number | undefined;
  readonly messageBurst?: number | undefined;
  readonly maxMessageBytes?: number | undefined;
  readonly maxSendQueueBytes?: number | undefined;
  readonly maxMembers?: number | undefined;
  readonly maxRooms?: number | undefined;
  readonly graceMs: number;
  readonly json: boolean;
}

/** Runs `sockwright chat --listen URL…` until it is stopped, and resolves with the exit code. */
export async function runChatServer(options: ChatServerOptions, { output }: StandardStreams): Promise<number> {
  const plan = planOfOptions(options);
  const lines = new EventLog(output);
  const log = new UpLog(lines, options.json ? "json" : "text");
  let started = false;
  const supervisor = new Supervisor({
    make: serviceMaker((service) => ({
      log: (line) => lines.print(line.trimEnd()),
      onError: (error) => log.log({ event: "error", service, error, peer: undefined }),
    })),
    onEvent: (event) => {
      // A failure at the start is not retried: it ends the command and becomes its error.
      if (started || event.event !== "failed") log.log(event);
    },
  });
  // The plan is the same: only the files of TLS are read again.
  const reload = (): void => {
    if (started)
      void reloadCertificates(
        () => supervisor.reload(plan),
        (event) => log.log(event),
      );
  };
  const { first, second, stop } = untilSignal(reloadsAtHangUp(options.listen) ? reload : undefined);
  try {
    try {
      await supervisor.start(plan);
    } catch (error) {
      await supervisor.close(0);
      throw startFailure(error);
    }
    const [service] = supervisor.overview.services();
    // It is the only service: if it cannot run, the command ends.
    if (service?.state === "failed") {
      await supervisor.close(0);
      throw new CommandError(service.error ?? "the chat cannot run", exitCodes.usage);
    }
    started = true;
    await first;
    await Promise.race([supervisor.close(options.graceMs), second]);
    await within(LAST_WORDS_MS, lines.printed());
    return 0;
  } finally {
    stop();
  }
}

/** Makes a plan of the options: the flags have the names of the keys in a file. */
function planOfOptions({ listen, memory, history, ...options }: ChatServerOptions): Plan {
  const flags = {
    listen,
    history: memory === true ? MEMORY : history,
    retain: timeText(options.retainMs),
    "message-rate": options.messageRate,
    "message-burst": options.messageBurst,
    "max-message": options.maxMessageBytes,
    "max-send-queue": options.maxSendQueueBytes,
    "max-members": options.maxMembers,
    "max-rooms": options.maxRooms,
    grace: timeText(options.graceMs),
  };
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const result = planOfFlags({ kind: "chat", ...Object.fromEntries(given) }, process.cwd());
  if ("plan" in result) return result.plan;
  throw new CommandError(result.mistakes.join("; "), exitCodes.usage);
}

function timeText(timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : `${timeMs}ms`;
}
