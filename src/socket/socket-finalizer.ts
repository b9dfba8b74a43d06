import { generationOf, type Handle, slotOf } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import { forget } from "../native/poller.ts";
import { socketLost } from "./diagnostics.ts";

/**
 * Closes the descriptor of a socket that was garbage-collected without `close()`, and warns: the collector may run too late, and
 * the process may be out of descriptors by then.
 */
const registry = new FinalizationRegistry<Handle>((handle) => {
  const slot = slotOf(handle);
  const generation = generationOf(handle);
  const descriptor = kernel.fileno(slot, generation);
  if (descriptor < 0) return;
  forget(slot);
  // No caller waits for this close, so it does not linger.
  kernel.close(slot, generation);
  socketLost.publish({ descriptor });
  process.emitWarning(`A socket (descriptor ${descriptor}) was garbage-collected without close()`, {
    type: "ResourceWarning",
    code: "SOCKWRIGHT_LOST_SOCKET",
  });
});

/** Closes the handle if `owner` is garbage-collected before {@link unregisterFinalizer}. */
export function registerFinalizer(owner: object, handle: Handle): void {
  registry.register(owner, handle, owner);
}

/** Stops watching: the owner has closed the handle or given it away. */
export function unregisterFinalizer(owner: object): void {
  registry.unregister(owner);
}
