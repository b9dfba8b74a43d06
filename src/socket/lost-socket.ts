import { generationOf, type Handle, slotOf } from "../native/kernel.ts";
import { kernel } from "../native/load.ts";
import { forget } from "../native/poller.ts";
import { socketLost } from "./diagnostics.ts";

/** Closes what was lost without `close()`, and says so: relying on the collector loses descriptors under load. */
const registry = new FinalizationRegistry<Handle>((handle) => {
  const slot = slotOf(handle);
  const generation = generationOf(handle);
  const descriptor = kernel.fileno(slot, generation);
  if (descriptor < 0) return;
  forget(slot);
  // Nobody waits for it: it does not linger.
  kernel.close(slot, generation);
  socketLost.publish({ descriptor });
  process.emitWarning(`A socket (descriptor ${descriptor}) was garbage-collected without close()`, {
    type: "ResourceWarning",
    code: "SOCKWRIGHT_LOST_SOCKET",
  });
});

/** From now on the loss of `owner` closes the handle. */
export function watchForLoss(owner: object, handle: Handle): void {
  registry.register(owner, handle, owner);
}

/** The owner has given the handle back. */
export function unwatchForLoss(owner: object): void {
  registry.unregister(owner);
}
