// http() and the parts of an answer refuse an unknown option by name, and one of the wrong type with the expected type.
import { open } from "node:fs/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { MAX_BODY_BYTES, MAX_SECTION_BYTES, MAX_SECTION_FIELDS } from "../../../src/http/service/http-options.ts";
import { FileBody, type FileBodyOptions, type HttpOptions, http, RequestError } from "../../../src/http.ts";
import { expectDefaults, expectNoOtherName, expectNoOtherValue, row } from "../../support/option-table.ts";

const FUNCTION = [() => true];

describe.each([
  row<HttpOptions>(
    "http()",
    "value",
    {
      ...{ headTimeoutMs: [1], bodyTimeoutMs: [1], keepAliveTimeoutMs: [1], maxRequestsPerConnection: [1] },
      ...{ maxBodyBytes: [0], maxRequestLineBytes: [1], maxHeaderBytes: [1], maxHeaderFields: [1] },
      ...{ maxTrailerBytes: [1], maxTrailerFields: [1], onExchange: FUNCTION },
    },
    (options) => http(() => ({}), options),
  ),
])("$call", (each) => {
  test("refuses an option with an unknown name", () => expectNoOtherName(each));
  test("refuses an invalid value of each option", () => expectNoOtherValue(each));
  test("an undefined option has its default", () => expectDefaults(each));
});

test("the maxima of a body and of a section are accepted, and one more is refused", () => {
  const most = { maxBodyBytes: MAX_BODY_BYTES, maxHeaderBytes: MAX_SECTION_BYTES, maxHeaderFields: MAX_SECTION_FIELDS };
  expect(http(() => ({}), most).protocols).toEqual(["http"]);
  for (const [name, value] of Object.entries(most)) {
    expect(() => http(() => ({}), { [name]: value + 1 })).toThrow(`"options.${name}" is out of range`);
  }
});

test("a handler that is not a function is refused", () => {
  expect(() => http({} as never)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
});

test("FileBody refuses a missing or invalid length, and options of the wrong type", async () => {
  const file = await open("package.json");
  onTestFinished(() => file.close());
  const wrong: [FileBodyOptions, string][] = [
    [{} as FileBodyOptions, "options.length"],
    [{ length: -1 }, "options.length"],
    [{ length: 1, offset: 0.5 }, "options.offset"],
    [{ length: 1, release: 1 as never }, "options.release"],
    [{ length: 1, isUnchanged: true as never }, "options.isUnchanged"],
    [{ length: 1, size: 1 } as never, "options.size"],
  ];
  for (const [options, name] of wrong) expect(() => new FileBody(file, options)).toThrow(name);
});

test("RequestError refuses a status that is not an error status", () => {
  for (const status of [200, 399, 600, 404.5]) {
    expect(() => new RequestError(status, "")).toThrow(expect.objectContaining({ code: "ERR_OUT_OF_RANGE" }));
  }
  expect(() => new RequestError(404, 1 as never)).toThrow("message");
  expect(() => new RequestError(404, "", { header: {} } as never)).toThrow("options.header");
  expect(new RequestError(404, "none", { cause: 1 })).toMatchObject({ status: 404, message: "none", cause: 1 });
});
