// @ts-check
// Each datagram by a service, and its answer. Usage: datagrams.mjs
import { serve } from "sockwright/server";

const server = await serve("udp://127.0.0.1:0", { name: "echo", datagram: ({ data, reply }) => void reply(data) });
console.log(new URL(server.urls[0] ?? "").port);
