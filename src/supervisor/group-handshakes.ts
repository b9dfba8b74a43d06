import { handshakeOf, loadHandshake } from "../server/handshake.ts";
import { listenerSettings } from "../server/listener-options.ts";
import { serveLimits } from "../server/serve-options.ts";
import { SCHEMES } from "../server/url/schemes.ts";
import { formatSocketUrl, parseSocketUrl, plainUrl } from "../server/url/socket-url.ts";
import type { GroupPlan } from "./group-plan.ts";
import { ListenerError } from "./listener-error.ts";

/**
 * Checks that the handshakes of all listeners of a group can be made: with TLS, that their files can be read and used.
 *
 * @throws ListenerError.
 */
export async function checkHandshakes({ listeners, services, limits }: GroupPlan): Promise<void> {
  for (const listener of listeners) {
    const url = parseSocketUrl(listener.url);
    if (SCHEMES.get(url.scheme)?.handshake === undefined) continue;
    try {
      await loadHandshake(url);
      for (const settings of listenerSettings(listener, serveLimits(limits).listeners)) handshakeOf(settings, {});
    } catch (error) {
      throw new ListenerError(services.join(", "), [formatSocketUrl(plainUrl(url))], error);
    }
  }
}
