/** The exports of `sockwright/http`: HTTP/1.1 servers. */

export { Fields } from "./http/fields.ts";
export { HttpError, type HttpErrorCode } from "./http/http-error.ts";
export { FileBody, type FileBodyOptions } from "./http/service/file-body.ts";
export type { HttpAnswer, HttpContext, HttpExchange, HttpHandler } from "./http/service/handler.ts";
export { http } from "./http/service/http.ts";
export type { HttpHeaders } from "./http/service/http-headers.ts";
export type { HttpOptions } from "./http/service/http-options.ts";
export { HttpRequest } from "./http/service/http-request.ts";
export type { HttpBody, HttpResponse, HttpTakeover } from "./http/service/http-response.ts";
export type { HttpService } from "./http/service/http-service.ts";
export { mounts } from "./http/service/mounts.ts";
export { nodeHttp } from "./http/service/node-http.ts";
export { type FileSource, PreparedResponse, type PreparedResponseInit } from "./http/service/prepared-response.ts";
export type { BodyPush, BodyTaker } from "./http/service/request-body.ts";
export { RequestError, type RequestErrorOptions } from "./http/service/request-error.ts";
export { router } from "./http/service/router.ts";
