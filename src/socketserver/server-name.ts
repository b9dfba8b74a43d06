import { encodeAddress, getaddrinfo, type Socket } from "../socket/internal.ts";
import type { AddressInput } from "../socket/values.ts";

/** The address of a server, with the first address of its family in place of a host name, as Python's `bind` has it. */
export async function resolved(
  { family, type, protocol }: Socket,
  server_address: AddressInput,
): Promise<AddressInput> {
  const encoded = encodeAddress(family, server_address, "server_address");
  if (!("name" in encoded)) return server_address;
  const [first] = await getaddrinfo(encoded.name, encoded.port, { family, type, proto: protocol });
  if (first === undefined) throw new Error(`The look-up of ${encoded.name} gave no address`);
  return first.address;
}
