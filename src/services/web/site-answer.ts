import type { HttpResponse } from "../../http/service/http-response.ts";
import type { PreparedResponse } from "../../http/service/prepared-response.ts";

/** What a site answers, by whichever server it is sent. */
export type SiteAnswer = PreparedResponse | Pick<HttpResponse, "status" | "headers" | "body">;
