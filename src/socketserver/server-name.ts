import { lookup } from "node:dns/promises";
import { encodeAddress, type Socket } from "../socket/internal.ts";
import { type AddressInput, AF_INET6 } from "../socket/values.ts";

/** The address of a server, with the first address of its family in place of a host name, as Python's `bind` has it. */
export async function resolved({ family }: Socket, server_address: AddressInput): Promise<AddressInput> {
  const encoded = encodeAddress(family, server_address, "server_address");
  if (!("name" in encoded)) return server_address;
  const { address } = await lookup(encoded.name, { family: family === AF_INET6 ? 6 : 4 });
  return { host: address, port: encoded.port };
}
