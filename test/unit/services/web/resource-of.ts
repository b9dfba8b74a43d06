import { Resource } from "../../../../src/services/web/resource.ts";

/** A resource that says how much it takes, and whether it was closed. */
class CountedResource extends Resource {
  isClosed = false;

  override close(): void {
    this.isClosed = true;
  }
}

export function resourceOf({ bytes = 100, descriptors = 0 } = {}): CountedResource {
  const form = { coding: "identity", heldBytes: bytes, isOpen: descriptors > 0, length: bytes } as const;
  // Only what a cache asks for.
  const forms = [form] as unknown as ConstructorParameters<typeof Resource>[0];
  return new CountedResource(forms, new Map(), false);
}
