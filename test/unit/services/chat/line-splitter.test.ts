// Splits bytes into lines and removes telnet commands; the result does not depend on where the bytes were cut.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type InputLine, LineSplitter } from "../../../../src/services/chat/line-splitter.ts";
import { MAX_SUBNEGOTIATION_BYTES, TelnetFilter } from "../../../../src/services/chat/telnet-filter.ts";

const MAX_BYTES = 8;

interface Result {
  readonly lines: readonly string[];
  readonly hasCommands: boolean;
}

/** Filters and splits as LineInput does. */
function parsed(pieces: readonly Uint8Array[]): Result {
  const [filter, splitter] = [new TelnetFilter(), new LineSplitter(MAX_BYTES)];
  const lines: InputLine[] = [];
  for (const piece of pieces) lines.push(...splitter.take(filter.strip(piece)));
  lines.push(...splitter.take(filter.end()), ...splitter.end());
  const inWords = (line: InputLine): string =>
    `${Buffer.from(line.bytes).toString("latin1")}${line.type === "too-long" ? "…" : ""}${line.endsWithCr ? "⏎" : ""}`;
  return { lines: lines.map(inWords), hasCommands: filter.hasCommands };
}

function whole(...bytes: readonly (number | string)[]): Result {
  return parsed([Buffer.concat(bytes.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.of(part))))]);
}

describe("lines", () => {
  test.for([
    ["a\nb\n", ["a", "b"]],
    ["a\r\nb", ["a⏎", "b"]],
    ["\n\r\n", ["", "⏎"]],
    ["a\rb\n", ["a\rb"]],
    ["12345678\n12345678\r\n", ["12345678", "12345678⏎"]],
    ["123456789\nb\n", ["12345678…", "b"]],
    ["123456789012345678\r\nb", ["12345678…", "b"]],
    ["123456789", ["12345678…"]],
    ["123456789\r", ["12345678…"]],
  ] as const)("%j", ([text, lines]) => {
    expect(whole(text).lines).toEqual(lines);
  });
});

describe("telnet", () => {
  test("commands are removed", () => {
    expect(whole("a", 255, 251, 31, "b", 255, 244, "c\n")).toEqual({ lines: ["abc"], hasCommands: true });
    expect(whole(255, 250, 24, 0, "x\n", 255, 255, 255, 240, "d\n")).toEqual({ lines: ["d"], hasCommands: true });
  });

  test("bytes that form no complete command are kept", () => {
    expect(whole("a", 255, "b\n")).toEqual({ lines: ["a\xffb"], hasCommands: false });
    expect(whole(255, 254, "\n")).toEqual({ lines: ["\xff\xfe"], hasCommands: false });
    expect(whole(255, 255, "\n")).toEqual({ lines: ["\xff"], hasCommands: false });
    expect(whole("a", 255)).toEqual({ lines: ["a\xff"], hasCommands: false });
    expect(whole("a", 255, 253)).toEqual({ lines: ["a\xff\xfd"], hasCommands: false });
  });

  test("option requests are refused; refusals by the peer are not answered", () => {
    const filter = new TelnetFilter();
    filter.strip(Buffer.of(255, 253, 6, 255, 251, 31, 255, 252, 1, 255, 254, 3, 255, 244));
    expect([...filter.takeRefusals()]).toEqual([255, 252, 6, 255, 254, 31]);
    expect([...filter.takeRefusals()]).toEqual([]);
  });

  test("MAX_SUBNEGOTIATION_BYTES limits the bytes that an unfinished command can swallow", () => {
    const { lines } = whole(255, 250, "x".repeat(MAX_SUBNEGOTIATION_BYTES + 1), "end\n");
    expect(lines).toEqual(["end"]);
  });
});

test("the lines do not depend on how the input is cut", () => {
  const byte = fc.oneof(
    fc.constantFrom(255, 250, 240, 251, 254, 10, 13, 10, 97, 98, 0),
    fc.integer({ min: 0, max: 255 }),
  );
  const cuts = fc.array(fc.nat(60), { maxLength: 10 });
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 60 }), cuts, (bytes, places) => {
      const input = Uint8Array.from(bytes);
      const at = [0, ...places.filter((place) => place < input.length).sort((a, b) => a - b), input.length];
      const pieces = at.slice(1).map((end, index) => input.subarray(at[index], end));
      expect(parsed(pieces)).toEqual(parsed([input]));
      expect(parsed(Array.from(input, (_, index) => input.subarray(index, index + 1)))).toEqual(parsed([input]));
    }),
  );
});
