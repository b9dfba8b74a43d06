/** The path of uploads; no file is below it. */
export const UPLOADS_PATH = "/.uploads/";

/** Where an upload is: an absolute path. */
export function uploadLocation(mountPath: string, id: string): string {
  return `${mountPath}${UPLOADS_PATH}${id}`;
}

/** The ID of an upload by its URL, absolute or relative; undefined when it is not that of one. */
export function idOfLocation(url: string): string | undefined {
  const [path = ""] = url.split(/[?#]/);
  const at = path.lastIndexOf(UPLOADS_PATH);
  const id = at < 0 ? "" : path.slice(at + UPLOADS_PATH.length);
  return /^[\w-]+$/.test(id) ? id : undefined;
}
