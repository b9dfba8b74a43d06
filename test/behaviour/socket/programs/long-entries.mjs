// @ts-check
// Prints what the functions that read the resolver's files return for the files that name-files.test.ts has installed.
import {
  AF_INET,
  AI_CANONNAME,
  getaddrinfo,
  getfqdn,
  gethostbyaddr,
  gethostbyname_ex,
  getservbyname,
  getservbyport,
  SOCK_STREAM,
} from "sockwright";

/** @param {string} what @param {() => unknown} ask */
async function say(what, ask) {
  const answer = await Promise.resolve()
    .then(ask)
    .catch((error) => error.message);
  console.log(what, JSON.stringify(answer));
}

const stream = { family: AF_INET, type: SOCK_STREAM };
// RFC 6724 defines the order; it depends on the machine's own addresses.
await say("addresses", async () => {
  const found = await getaddrinfo("many.example", 80, stream);
  return found.map(({ address }) => address.host).sort();
});
await say("names", () => gethostbyname_ex("many.example"));
await say("canonical", async () => (await getaddrinfo("other", 80, { ...stream, flags: AI_CANONNAME }))[0]?.canonname);
await say("of an address", () => gethostbyaddr("192.0.2.9"));
await say("full", () => getfqdn("192.0.2.9"));
await say("aliases", async () => (await gethostbyaddr("192.0.2.77"))[1].length);
await say("long", () => [getservbyname("long"), getservbyport(4321, "tcp")]);
await say("too long", () => getservbyname("too-long"));
await say("too long by its name", () => gethostbyaddr("192.0.2.78"));
console.log("done");
