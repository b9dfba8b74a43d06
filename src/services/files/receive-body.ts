import type { HttpRequest } from "../../http/service/http-request.ts";
import type { BodyPush } from "../../http/service/request-body.ts";
import type { ByteReceiver } from "./file-store.ts";

/**
 * Gives the body of a request to a receiver, no faster than the disk takes it. It also ends when the store ends the receiver, for a newer
 * request on the same upload, although nothing more arrives.
 *
 * @param seen - called with each piece, for a digest of the body.
 * @throws StoreError of the receiver · the error with which reading the body fails.
 */
export async function receiveBody(
  request: HttpRequest,
  receiver: ByteReceiver,
  seen?: (piece: Uint8Array) => void,
): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    receiver.onSuperseded = () => {
      try {
        // It throws the reason.
        void receiver.append(NOTHING);
      } catch (error) {
        reject(error as Error);
      }
    };
    const take = (bytes: Uint8Array, push: BodyPush): void => {
      seen?.(bytes);
      const waiting = receiver.append(bytes);
      if (waiting === undefined) return;
      push.pause();
      waiting.then(() => push.resume(), reject);
    };
    request.onBody(take).then(() => resolve(), reject);
  });
  await ended;
}

const NOTHING = new Uint8Array(0);
