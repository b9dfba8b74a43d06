// The errors for a module that Node cannot import, and for one whose default function is not a maker of services.
import { expect, test } from "vitest";
import { importError, makeService } from "../../../src/supervisor/load-service.ts";

test("a syntax error names the module and a command that shows the line", () => {
  const error = new SyntaxError("Unexpected token '{'");
  expect(importError("/srv/clock.mjs", error)).toMatchObject({
    message: "/srv/clock.mjs cannot be imported: Unexpected token '{'; node --check /srv/clock.mjs  shows where",
    cause: error,
  });
});

test("an error thrown by the module itself is returned unchanged", () => {
  const error = new RangeError("no such hour");
  expect(importError("/srv/clock.mjs", error)).toBe(error);
});

test("a file type that this Node cannot import has to be compiled", () => {
  const error = Object.assign(new TypeError('Unknown file extension ".ts"'), { code: "ERR_UNKNOWN_FILE_EXTENSION" });
  expect(importError("/srv/clock.ts", error)).toMatchObject({
    message: expect.stringMatching(
      /^\/srv\/clock\.ts cannot be imported: this Node imports no \.ts files; write .* JavaScript/,
    ),
  });
});

test("a default function that takes a connection, as those of serve() do, gets advice", async () => {
  const handler = (connection: unknown) => (connection as { write(text: string): void }).write("Welcome!");
  await expect(makeService("/srv/hello.mjs", handler, {})).rejects.toMatchObject({
    message:
      "/srv/hello.mjs: connection.write is not a function; the default function gets the options and returns a service, " +
      "{ name, stream }",
    cause: expect.any(TypeError),
  });
});

test("any other error of the default function is passed on", async () => {
  const error = new RangeError("no such hour");
  const make = () => {
    throw error;
  };
  await expect(makeService("/srv/clock.mjs", make, {})).rejects.toBe(error);
});
