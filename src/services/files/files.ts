import type { HttpAnswer, HttpContext } from "../../http/service/handler.ts";
import { http } from "../../http/service/http.ts";
import type { HttpOptions } from "../../http/service/http-options.ts";
import type { HttpRequest } from "../../http/service/http-request.ts";
import type { HttpService } from "../../http/service/http-service.ts";
import { SharedService } from "../../server/shared-service.ts";
import { systemClock } from "../../server/time/clock.ts";
import { wrongType } from "../../socket/values.ts";
import { PageAccess } from "../page-access.ts";
import { openRoot, type Root } from "../web/root.ts";
import type { Right } from "./access-rules.ts";
import { Cors } from "./cors.ts";
import { type ConflictRule, Destinations } from "./destination.ts";
import { Downloads } from "./downloads.ts";
import { DraftDoor } from "./draft-door.ts";
import { FileDoor } from "./file-door.ts";
import { FilesDoor } from "./files-door.ts";
import { FILES_OPTIONS, type FilesOptions, type FilesSettings } from "./files-options.ts";
import { FolderDoor } from "./folder-door.ts";
import { Gate } from "./gate.ts";
import { linkKeyAt } from "./link-key.ts";
import { Listings } from "./listings.ts";
import { LocalStore } from "./local-store.ts";
import type { Author, Change, Receipt } from "./receipts.ts";
import { TusDoor } from "./tus-door.ts";
import { UsersSource } from "./users-source.ts";

export type { Author, Change, ConflictRule, FilesOptions, HttpOptions, Receipt, Right };

/**
 * Creates a service to which clients upload files, and from which they download them: with `curl -T`, forms, tus 1.0.0, the IETF draft
 * for resumable uploads, or a browser. An upload that is interrupted goes on where it was, also after a crash of the server, and with
 * another client. A file appears under its name when it is complete, checked and on the disk. docs/guides/files.md describes its protocols.
 *
 * @param root - a folder; the service keeps its state in `.sockwright` in it. One process at a time can serve it.
 * @throws RangeError, TypeError for an invalid option. `serve` rejects with the error of a root or a users file that cannot be opened.
 * @example
 * ```ts
 * import { mkdtempSync, readFileSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { serve } from "sockwright/server";
 * import { files } from "sockwright/services/files";
 *
 * const folder = mkdtempSync(join(tmpdir(), "files-"));
 * const server = await serve("http://127.0.0.1:0", files(folder));
 * const url = `${server.urls[0]}/notes/hello.txt`;
 * const answer = await fetch(url, { method: "PUT", body: "hello", headers: { Connection: "close" } });
 * console.log(answer.status, readFileSync(join(folder, "notes/hello.txt"), "utf8")); // => 201 hello
 * await server.close();
 * ```
 */
export function files(root: string, options?: FilesOptions): HttpService {
  if (typeof root !== "string") throw wrongType("root", "of type string", root);
  const settings = FILES_OPTIONS.check("files()", options);
  const shared = new SharedService(new OpenFiles(root, settings));
  const maxBodyBytes = settings.http?.maxBodyBytes ?? settings.maxFileBytes;
  const service = http((request, context) => shared.service.answer(request, context), {
    ...settings.http,
    maxBodyBytes,
  });
  return { ...service, name: "files", maxBodyBytes, start: () => shared.start(), stop: () => shared.stop() };
}

/** What is open while the service runs. */
interface Opened {
  readonly store: LocalStore;
  readonly root: Root;
  readonly downloads: Downloads;
  readonly door: FilesDoor;
}

class OpenFiles {
  readonly #root: string;
  readonly #settings: FilesSettings;
  #opened: Opened | undefined;

  constructor(root: string, settings: FilesSettings) {
    this.#root = root;
    this.#settings = settings;
  }

  answer(request: HttpRequest, context: HttpContext): Promise<HttpAnswer> {
    if (this.#opened === undefined) throw new Error("files() was not started: give it to serve()");
    return this.#opened.door.answer(request, context);
  }

  async start(): Promise<void> {
    const { users, allow, hosts, allowOrigins = [], maxFileBytes, quotaBytes, maxPartials, expireMs } = this.#settings;
    const onError = (error: unknown): void => void this.#settings.onError?.(error);
    const source = users === undefined ? undefined : new UsersSource(users, systemClock, onError);
    const store = await LocalStore.open(this.#root, {
      maxBytes: maxFileBytes,
      quotaBytes,
      maxPartials,
      expireMs,
      hasDigests: this.#settings.digest === "sha256",
      onError,
      onChange: (receipt) => {
        this.#opened?.downloads.expire();
        void this.#settings.onReceipt?.(receipt);
      },
    });
    try {
      const root = await openRoot(store.rootPath, { symlinks: "deny" });
      const downloads = await Downloads.open(store.rootPath, store);
      const destinations = new Destinations(store, downloads, this.#settings.onConflict);
      const door = new FilesDoor({
        store,
        gate: new Gate(allow, source, systemClock),
        access: new PageAccess(hosts),
        cors: new Cors(allowOrigins),
        files: new FileDoor(store, downloads, destinations),
        folders: new FolderDoor(root, store, downloads, new Listings(root, store), await linkKeyAt(store.linkKeyPath)),
        tus: new TusDoor(store, destinations),
        draft: new DraftDoor(store, destinations, maxFileBytes),
        maxBytes: maxFileBytes,
      });
      this.#opened = { store, root, downloads, door };
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.downloads.close();
    opened?.root.close();
    await opened?.store.close();
  }
}
