import { encodeAddress, getaddrinfo, type Socket } from "../socket/internal.ts";
import type { AddressInput } from "../socket/values.ts";

/** Resolves the host name in a server's address to its first address of the socket's family, as Python's `bind` does. */
export async function resolveAddress(
  { family, type, protocol }: Socket,
  server_address: AddressInput,
): Promise<AddressInput> {
  const encoded = encodeAddress(family, server_address, "server_address");
  if (!("name" in encoded)) return server_address;
  const [first] = await getaddrinfo(encoded.name, encoded.port, { family, type, proto: protocol });
  if (first === undefined) throw new Error(`The look-up of ${encoded.name} returned no address`);
  return first.address;
}
