import { Resource } from "../../src/services/web/resource.ts";

/** A resource that reports its size, and counts how often it was closed. */
class CountedResource extends Resource {
  closings = 0;

  get isClosed(): boolean {
    return this.closings > 0;
  }

  override close(): void {
    this.closings++;
  }
}

export function resourceOf({ bytes = 100, descriptors = 0 } = {}): CountedResource {
  const form = {
    coding: "identity",
    heldBytes: bytes,
    isOpen: descriptors > 0,
    isCurrent: true,
    length: bytes,
  } as const;
  // The parts that a cache reads.
  const forms = [form] as unknown as ConstructorParameters<typeof Resource>[0];
  return new CountedResource(forms, new Map(), false);
}
