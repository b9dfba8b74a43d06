// A supervisor that runs for a test, and requests to its services.
import { onTestFinished } from "vitest";
import { http } from "../../../src/http/service/http.ts";
import { connect } from "../../../src/server/connect.ts";
import type { Connection } from "../../../src/server/connection/connection.ts";
import type { Clock } from "../../../src/server/time/clock.ts";
import { greet } from "../../../src/services/greet/greet.ts";
import type { OverviewService } from "../../../src/services/status/overview.ts";
import type { MakeService } from "../../../src/supervisor/load-service.ts";
import type { ListenerPlan, ServicePlan } from "../../../src/supervisor/plan.ts";
import { Supervisor } from "../../../src/supervisor/supervisor.ts";
import type { SupervisorEvent } from "../../../src/supervisor/supervisor-event.ts";

/** A service that greets with the given word. */
export function greeter(name: string, urls: readonly (string | ListenerPlan)[], greeting = name): ServicePlan {
  return planned(name, "greet", urls, { greeting: `${greeting}\n` });
}

/** An HTTP service that answers each request with its text. */
export function page(name: string, urls: readonly ListenerPlan[], text = name): ServicePlan {
  return planned(name, "page", urls, { text });
}

export function planned(
  name: string,
  kind: string,
  urls: readonly (string | ListenerPlan)[],
  options: Readonly<Record<string, unknown>> = {},
): ServicePlan {
  const listeners = urls.map((url) => (typeof url === "string" ? { listener: { url }, mount: undefined } : url));
  return { name, source: { type: "kind", kind, options }, listeners, limits: {}, http: {}, graceMs: 60_000 };
}

export function at(url: string, mount: string): ListenerPlan {
  return { listener: { url }, mount };
}

const KINDS: Readonly<Record<string, (options: Readonly<Record<string, unknown>>) => ReturnType<MakeService>>> = {
  greet: (options) => greet(options),
  page: ({ text }) => http(({ mountPath, path }) => ({ body: `${String(text)} ${mountPath} ${path}` })),
};

/** The kinds of service that all tests share, and the test's own. */
export function kindsWith(own: Readonly<Record<string, () => ReturnType<MakeService>>> = {}): MakeService {
  return (kind, options) => {
    const make = own[kind] ?? KINDS[kind];
    if (make === undefined) throw new Error(`no kind ${kind}`);
    return make(options);
  };
}

/** Starts a supervisor that closes with the test. */
export async function running(
  services: readonly ServicePlan[],
  { make = kindsWith(), clock }: { readonly make?: MakeService; readonly clock?: Clock } = {},
): Promise<{ supervisor: Supervisor; events: SupervisorEvent[] }> {
  const events: SupervisorEvent[] = [];
  const supervisor = new Supervisor({ make, clock, onEvent: (event) => void events.push(event) });
  onTestFinished(() => supervisor.close(0));
  await supervisor.start({ services });
  return { supervisor, events };
}

export function serviceOf({ overview }: Supervisor, name: string): OverviewService {
  const service = overview.services().find((each) => each.name === name);
  if (service === undefined) throw new Error(`no service ${name}`);
  return service;
}

/** Returns the URL of a service. */
export function urlOfService(supervisor: Supervisor, name: string, index = 0): string {
  const url = serviceOf(supervisor, name).urls[index];
  if (url === undefined) throw new Error(`the service ${name} has no URL ${index}`);
  return url;
}

/** Connects a client that reads its greeting. */
export async function greeted(url: string): Promise<{ client: Connection; greeting: string }> {
  const client = await connect(url);
  onTestFinished(() => client.abort());
  return { client, greeting: String(await client.readUntil("\n")).trim() };
}

export async function greetingAt(url: string): Promise<string> {
  const { client, greeting } = await greeted(url);
  await client.close();
  return greeting;
}

/** Sends a text on an open connection and returns the answer. */
export async function said(client: Connection, text: string): Promise<string> {
  client.write(text);
  return String(await client.read());
}

/** Fetches a page over a connection of its own. */
export async function fetched(url: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, { headers: { Connection: "close" } });
  return { status: answer.status, text: await answer.text() };
}
