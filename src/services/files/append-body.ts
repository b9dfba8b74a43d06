import type { BodyCheck } from "./body-check.ts";
import type { ResumableUpload } from "./file-store.ts";
import { receiveBody } from "./receive-body.ts";
import type { Asked } from "./visitor.ts";

/**
 * Appends the body of a request to an upload. What has arrived of a request that is cut off is kept, unless the body was to be checked.
 *
 * @returns the offset that is on the disk.
 * @throws StoreError · RequestError for a body that is not right · the error of the body.
 */
export async function appendBody(
  { request }: Asked,
  upload: ResumableUpload,
  offset: number,
  check?: BodyCheck,
): Promise<number> {
  const receiver = await upload.append({ offset, isAllOrNone: check !== undefined });
  try {
    await receiveBody(request, receiver, check?.update);
    check?.verify();
  } catch (error) {
    // The error that ended the request is the one to tell; the store is at its last offset either way.
    await (check === undefined ? receiver.end() : receiver.discard()).catch(() => undefined);
    throw error;
  }
  return await receiver.end();
}
