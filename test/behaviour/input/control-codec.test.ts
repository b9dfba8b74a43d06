// Control messages to cmsg(3) bytes and back, for all that there can be.
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  AF_UNIX,
  CMSG_SPACE,
  SCM_CREDENTIALS,
  SO_PASSCRED,
  SOCK_DGRAM,
  SOL_SOCKET,
  socketpair,
} from "../../../src/index.ts";
import { type ControlMessage, decodeControl, encodeControl } from "../../../src/socket/control-message.ts";
import { startChild } from "../../support/child.ts";
import { requireTool } from "../../support/tools.ts";

const HEADER_BYTES = 16;
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const messages: fc.Arbitrary<ControlMessage[]> = fc.array(
  fc.record({ level: int32, type: int32, data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) }),
  { maxLength: 5 },
);

test("control messages are the same after their bytes and back", () => {
  const property = fc.property(messages, (given) => {
    expect(decodeControl(encodeControl(given))).toEqual(given);
  });
  fc.assert(property, { numRuns: 1_000 });
});

test("the bytes of control messages are as many as CMSG_SPACE says", () => {
  const property = fc.property(messages, (given) => {
    const sum = given.reduce((bytes, { data }) => bytes + CMSG_SPACE(data.length), 0);
    expect(encodeControl(given)).toHaveLength(sum);
  });
  fc.assert(property, { numRuns: 500 });
});

test("cut at any length, the messages before the cut are whole, and the one at the cut goes as far as it is there", () => {
  const property = fc.property(messages, (given) => {
    const bytes = encodeControl(given);
    for (let length = 0; length <= bytes.length; length++) {
      const read = decodeControl(bytes.subarray(0, length));
      let at = 0;
      for (const [index, { level, type, data }] of given.entries()) {
        if (at + HEADER_BYTES > length) {
          expect(read).toHaveLength(index);
          break;
        }
        const whole = data.subarray(0, Math.max(0, length - at - HEADER_BYTES));
        expect(read[index]).toEqual({ level, type, data: whole });
        at += CMSG_SPACE(data.length);
      }
    }
  });
  fc.assert(property, { numRuns: 200 });
});

describe("any bytes are read to their end, and nothing is read beside them", () => {
  /** cmsg_len is a size_t: small ones, right ones, and those that no machine has. */
  const lengthField = fc.oneof(
    fc.bigInt({ min: 0n, max: 64n }),
    fc.bigInt({ min: 2n ** 31n - 20n, max: 2n ** 31n + 20n }),
    fc.bigInt({ min: 2n ** 32n - 20n, max: 2n ** 32n + 20n }),
    fc.bigInt({ min: 2n ** 53n - 20n, max: 2n ** 53n + 20n }),
    fc.bigInt({ min: 2n ** 64n - 20n, max: 2n ** 64n - 1n }),
  );
  const pieces = fc.array(
    fc.tuple(lengthField, fc.uint8Array({ minLength: 8, maxLength: 32 })).map(([length, rest]) => {
      const piece = Buffer.alloc(8 + rest.length, rest);
      piece.writeBigUInt64LE(length);
      piece.set(rest, 8);
      return piece;
    }),
    { maxLength: 4 },
  );
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    pieces.map((parts) => Uint8Array.from(Buffer.concat(parts))),
  );

  test("by the property", () => {
    const property = fc.property(anyBytes, fc.nat(9), (bytes, before) => {
      const readings = [0x00, 0x55, 0xff].map((around) => {
        const memory = new Uint8Array(before + bytes.length + 64).fill(around);
        memory.set(bytes, before);
        return decodeControl(memory.subarray(before, before + bytes.length));
      });
      expect(readings[1]).toEqual(readings[0]);
      expect(readings[2]).toEqual(readings[0]);
      // Each message has a header of its own, so there cannot be more of them than headers fit.
      expect(readings[0]?.length).toBeLessThanOrEqual(bytes.length / HEADER_BYTES);
    });
    fc.assert(property, { numRuns: 3_000 });
  });

  test.each([0n, 15n, 2n ** 31n - 8n, 2n ** 31n, 2n ** 32n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])(
    "a length of %d",
    (length) => {
      const bytes = Buffer.alloc(48, 1);
      bytes.writeBigUInt64LE(length);
      const read = decodeControl(bytes);
      if (length < 16n) expect(read).toEqual([]);
      else expect(read).toEqual([{ level: 0x01010101, type: 0x01010101, data: Buffer.alloc(32, 1) }]);
    },
  );
});

test("CMSG_SPACE is what Python's socket module computes", async (context) => {
  const program = "import socket; print([socket.CMSG_SPACE(n) for n in range(1000)])";
  const python = await startChild(requireTool(context, "python3"), ["-c", program]);
  const [line] = await python.line(/^\[.*\]$/);
  expect(JSON.parse(line)).toEqual(Array.from({ length: 1_000 }, (_value, dataBytes) => CMSG_SPACE(dataBytes)));
});

// unix(7): with SO_PASSCRED, each message brings a struct ucred of twelve bytes.
test("what the kernel writes is read, whatever room it had", async () => {
  const ends = socketpair(AF_UNIX, SOCK_DGRAM);
  onTestFinished(() => {
    for (const end of ends) end.close();
  });
  const [ours, peer] = ends;
  peer.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
  const ucred = new Uint8Array(new Int32Array([process.pid, process.getuid?.() ?? 0, process.getgid?.() ?? 0]).buffer);
  for (let room = 0; room <= CMSG_SPACE(12) + 8; room++) {
    await ours.send("x");
    const { control } = await peer.recvmsg(1, { control: room });
    const data = Buffer.from(ucred.subarray(0, Math.max(0, room - HEADER_BYTES)));
    const expected = room < HEADER_BYTES ? [] : [{ level: SOL_SOCKET, type: SCM_CREDENTIALS, data }];
    expect(control, `room for ${room} bytes`).toEqual(expected);
  }
});
