import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { onTestFinished } from "vitest";

/** Records the messages that a diagnostics channel publishes from now until the test ends. */
export function publishedOn<Message = unknown>(channel: string): Message[] {
  const messages: Message[] = [];
  const collect = (message: unknown): void => void messages.push(message as Message);
  subscribe(channel, collect);
  onTestFinished(() => void unsubscribe(channel, collect));
  return messages;
}
