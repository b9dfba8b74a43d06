import { all, body, first, status } from "../check.ts";
import { get, type Row, request, rowsOf } from "../row.ts";
import { LETTERS, SECRET } from "../site.ts";

const { policy } = rowsOf("Files");
const letters = all(status(200), body(LETTERS));
const answered = first("4xx", ({ status: own }) => own >= 400 && own < 500);

/** Paths that are not regular files, or not readable by everybody. The last row stops some servers. */
export const files: readonly Row[] = [
  policy("9110 17.3", "A name with a dot", get("/.env"), status(404)),
  policy("9110 17.3", "… with the dot escaped", get("/%2eenv"), status(404)),
  policy("9110 17.3", "… in a folder", get("/folder/.hidden"), status(404)),
  policy("9110 17.3", "A folder with a dot", get("/.git/config"), status(404)),
  policy("9110 17.3", "… through another folder", get("/folder/../.git/config"), status(404)),
  policy("8615 3", "/.well-known by default", get("/.well-known/security.txt"), status(404)),
  policy("9110 17.3", "A link to a file of the site", get("/to-inside"), letters),
  policy("9110 17.3", "… by an absolute path", get("/to-inside-absolute"), letters),
  policy("9110 17.3", "A link to a file outside", get("/to-outside"), status(404)),
  policy("9110 17.3", "A link to a folder outside", get("/to-folder-outside/secret.txt"), status(404)),
  policy(
    "9110 17.3",
    "… and back into the site",
    get("/to-folder-outside/../file.txt"),
    first("nothing of outside", (response) => response.status < 500 && !response.body.includes(SECRET.trim())),
  ),
  policy("9110 15.5.5", "A link to itself", get("/loop"), answered, { needs: ["loop"] }),
  policy("9110 15.5.5", "A pipe, with HEAD", request("HEAD", "/pipe"), status(403, 404)),
  policy("9110 15.5.5", "A pipe", get("/pipe"), status(403, 404)),
];
