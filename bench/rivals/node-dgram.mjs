// @ts-check
// Each datagram by an event, and its answer. Usage: node-dgram.mjs
import { createSocket } from "node:dgram";

const socket = createSocket("udp4");
socket.on("message", (data, { address, port }) => socket.send(data, port, address));
socket.bind(0, "127.0.0.1", () => console.log(socket.address().port));
