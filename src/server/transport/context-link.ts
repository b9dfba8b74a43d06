import type { AsyncResource } from "node:async_hooks";
import type { Link, LinkFile, LinkSocket } from "./link.ts";
import { LinkDecorator, withBase } from "./link-decorator.ts";

/**
 * A link that calls its connection in an asynchronous context of the connection's own. Functions that receive input and listeners
 * of the connection's signal run in that context. Without it an event would run in no context or, where one tick serves several
 * connections, in that of another connection.
 */
export class ContextLink extends LinkDecorator {
  readonly #context: AsyncResource;

  constructor(link: Link, context: AsyncResource) {
    super(link);
    this.#context = context;
  }

  replaceBase(make: (base: Link) => Link): void {
    this.link = withBase(this.link, make, this, this);
  }

  override run(call: () => void): void {
    this.#context.runInAsyncScope(call);
  }

  get socket(): LinkSocket | undefined {
    return this.link.socket;
  }

  takeSendResult(result: number): number | undefined {
    return this.link.takeSendResult?.(result);
  }

  openFile(descriptor: number): LinkFile | undefined {
    return this.link.openFile?.(descriptor);
  }

  sendFile(file: LinkFile, position: number, length: number): number | undefined {
    return this.link.sendFile?.(file, position, length);
  }

  override onReceived(bytes: Uint8Array): void {
    this.#context.runInAsyncScope(super.onReceived, this, bytes);
  }

  override onEnd(): void {
    this.#context.runInAsyncScope(super.onEnd, this);
  }

  override onError(error: Error): void {
    this.#context.runInAsyncScope(super.onError, this, error);
  }

  override onDatagramError(error: Error): void {
    this.#context.runInAsyncScope(super.onDatagramError, this, error);
  }

  override onWritable(): void {
    this.#context.runInAsyncScope(super.onWritable, this);
  }
}
