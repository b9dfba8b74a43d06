import { expect, test } from "vitest";
import { COMMON_OPTIONS, listenerSettings } from "../../../src/server/listener-options.ts";
import { options } from "../../../src/server/options/option-table.ts";
import { tlsHandshake } from "../../../src/server/tls-handshake.ts";
import { certificates } from "../../support/certificates.ts";

const files = certificates();
const common = options(COMMON_OPTIONS).checkGiven("a test", {});

function settingsOf(url: string, given: object = files.pair("localhost")) {
  const [settings] = listenerSettings({ url, ...given }, common);
  if (settings === undefined) throw new Error("no listener");
  return settings;
}

test("a handshake is made of right files, and wrong ones throw before there is a connection", () => {
  expect(tlsHandshake(settingsOf("tls://127.0.0.1:0"), {})).toBeTypeOf("function");
  expect(tlsHandshake(settingsOf("https://127.0.0.1:0"), {})).toBeTypeOf("function");
  const wrong = settingsOf("tls://127.0.0.1:0", { ...files.pair("localhost"), key: files.path("another.key") });
  expect(() => tlsHandshake(wrong, {})).toThrow("it is not the key of");
  expect(() => tlsHandshake(settingsOf("tls://127.0.0.1:0", {}), {})).toThrow("a TLS server needs cert and key");
});

test("the peer is settled before TLS begins: an address that has no place costs no handshake", async () => {
  const calls: string[] = [];
  const refusal = new Error("no place");
  const connection = {
    settlePeer: () => {
      calls.push("settlePeer");
      throw refusal;
    },
    replaceLink: () => void calls.push("replaceLink"),
  };
  await expect(tlsHandshake(settingsOf("tls://127.0.0.1:0"), {})(connection as never)).rejects.toBe(refusal);
  expect(calls).toEqual(["settlePeer"]);
});
