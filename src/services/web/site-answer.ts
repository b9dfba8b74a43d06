import type { HttpResponse } from "../../http/service/http-response.ts";
import type { PreparedResponse } from "../../http/service/prepared-response.ts";

/** The answer of a site, for any server that sends it. */
export type SiteAnswer = PreparedResponse | Pick<HttpResponse, "status" | "headers" | "body">;
