import { expect, onTestFinished, test } from "vitest";
import { LayeredConnection } from "../../../src/cli/layered-connection.ts";
import { connected } from "../../support/connected.ts";
import { echo, serving } from "../../support/serving.ts";

async function layered(ready: Promise<void> = Promise.resolve()): Promise<LayeredConnection> {
  const connection = new LayeredConnection(await connected(await serving(echo)), ready);
  onTestFinished(() => connection.close());
  return connection;
}

test("sends and receives, each direction to its own end", async () => {
  const connection = await layered();
  expect(await connection.send(Buffer.from("hello"))).toBe(5);
  expect(String(await connection.receive())).toBe("hello");
  await connection.end();
  expect(await connection.receive()).toBeUndefined();
});

test("nothing is sent or received before the handshake is complete", async () => {
  let complete: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    complete = resolve;
  });
  const connection = await layered(ready);
  const steps: string[] = [];
  const sent = connection.send(Buffer.from("hello")).then(() => steps.push("sent"));
  const received = connection.receive().then(() => steps.push("received"));
  steps.push("ready");
  complete();
  await Promise.all([sent, received]);
  expect(steps[0]).toBe("ready");
});

test("each call rejects with the error of the handshake", async () => {
  const failure = new Error("refused");
  const refused = Promise.reject(failure);
  refused.catch(() => undefined);
  const connection = await layered(refused);
  await expect(connection.ready()).rejects.toBe(failure);
  await expect(connection.receive()).rejects.toBe(failure);
  await expect(connection.send(Buffer.from("x"))).rejects.toBe(failure);
  await expect(connection.end()).rejects.toBe(failure);
});

test("a close ends what waits with ERR_SOCKWRIGHT_CLOSED, and a second one does nothing", async () => {
  const connection = await layered();
  const received = connection.receive();
  await connection.ready();
  connection.close();
  connection.close();
  await expect(received).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
  await expect(connection.send(Buffer.from("x"))).rejects.toMatchObject({ code: "ERR_SOCKWRIGHT_CLOSED" });
});
