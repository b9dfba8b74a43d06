// A user of nc, ncat, socat or curl types their options: the error names the right ones.
import { describe, expect, test } from "vitest";
import { parseSocketOption } from "../../src/cli/socket-option.ts";
import { runHere } from "./in-process.ts";

async function said(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runHere(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^sockwright: [^\n]+\n$/);
  return stderr.trimEnd().replace("sockwright: ", "");
}

describe("a host and a port in two words", () => {
  test.for<[args: string, advice: string]>([
    ["connect localhost 8000", "write sockwright connect tcp://localhost:8000"],
    ["listen localhost 8000", "write sockwright listen tcp://localhost:8000"],
    ["connect ::1 8000", "write sockwright connect tcp://[::1]:8000"],
    ["connect fe80::1%eth0 8000", "write sockwright connect tcp://[fe80::1%eth0]:8000"],
    ["connect udp://localhost 8000", "write sockwright connect udp://localhost:8000"],
    ["connect --wait 1s localhost 8000", "write sockwright connect tcp://localhost:8000"],
    ["connect localhost http", "see  sockwright connect --help"],
    ["connect tcp://127.0.0.1:1 one two", "see  sockwright connect --help"],
    ["greet 8000", "write sockwright greet --listen tcp://127.0.0.1:8000"],
    ["greet localhost 8000", "write sockwright greet --listen tcp://localhost:8000"],
    ["greet unix:/tmp/x", "write sockwright greet --listen unix:/tmp/x"],
  ])("%s", async ([args, advice]) => {
    const [command = ""] = args.split(" ");
    expect(await said(args.split(" "))).toBe(`too many arguments for '${command}': ${advice}`);
  });

  test.for<[args: string, advice: string]>([
    ["localhost 8000", "write sockwright connect tcp://localhost:8000"],
    ["localhost:8000", "write sockwright connect tcp://localhost:8000"],
    ["unix:/tmp/x", "write sockwright connect unix:/tmp/x"],
  ])("without a subcommand: %s", async ([args, advice]) => {
    expect(await said(args.split(" "))).toBe(`unknown command '${args.split(" ")[0]}': ${advice}`);
  });
});

describe("options of other programs", () => {
  const TIMES = "write --connect-timeout 1.5s for the connection, --idle-timeout 1.5s for silence";

  test.for<[args: string, advice: string]>([
    ["connect -u localhost 9000", "write sockwright connect udp://localhost:9000"],
    ["connect --udp localhost 9000", "write sockwright connect udp://localhost:9000"],
    ["listen -u 9000", "write sockwright listen udp://127.0.0.1:9000"],
    ["connect -U /run/app.sock", "write sockwright connect unix:/run/app.sock"],
    ["connect -l 8000", "listen is a command of its own: write sockwright listen tcp://127.0.0.1:8000"],
    ["listen -l 8000", "leave it out: write sockwright listen tcp://127.0.0.1:8000"],
    ["-l 8000", "listen is a command of its own: write sockwright listen tcp://127.0.0.1:8000"],
    ["listen -p 8000", "the address is one URL: write sockwright listen tcp://127.0.0.1:8000"],
    ["connect -p 4000 localhost 80", "write --source 0.0.0.0:4000, or [::]:PORT for IPv6"],
    ["connect -s 127.0.0.2 localhost 80", "write --source 127.0.0.2"],
    ["connect --host localhost --port 80", "the address is one URL: write sockwright connect tcp://127.0.0.1:80"],
    ["listen -k tcp://127.0.0.1:0", "write --keep-open"],
    ["connect -k tcp://127.0.0.1:1", "only listen has --keep-open; curl's -k is ?pin=sha256:HEX after the URL"],
    ["connect -q 2 tcp://127.0.0.1:1", "write --wait 2s"],
    ["connect -w 1.5 tcp://127.0.0.1:1", TIMES],
    ["connect tcp://127.0.0.1:1 --timeout 1.5", TIMES],
    ["connect tcp://127.0.0.1:1 --timeout=1.5", TIMES],
    ["listen -w 5 tcp://127.0.0.1:0", "write --idle-timeout 5s"],
    ["listen tcp://127.0.0.1:0 --connect-timeout 5s", "write --idle-timeout 5s"],
    ["connect -v tcp://127.0.0.1:1", "write --json, which reports events, or sockwright --version"],
    ["connect -z localhost 80", "write --wait 0 < /dev/null, and the exit code says whether a server listens"],
    ["connect -N localhost 80", "leave it out: the end of standard input is always sent to the peer"],
    ["connect -4 localhost 80", "write an IPv4 address, as in sockwright connect tcp://127.0.0.1:8000"],
    ["listen -6 80", "write an IPv6 address, as in sockwright listen tcp://[::1]:8000"],
    ["connect -C localhost 80", "write --crlf"],
    ["connect -e /bin/sh localhost 80", "no program is started: connect it with pipes"],
    ["connect --ssl localhost 443", "write sockwright connect tls://localhost:443"],
    ["listen --ssl 8443", "write sockwright listen 'tls://127.0.0.1:8443?cert=FILE&key=FILE'"],
    ["greet --ssl", "write sockwright greet --listen 'tls://127.0.0.1:8443?cert=FILE&key=FILE'"],
    ["listen --ssl-cert a.pem 8443", "write ?cert=a.pem&key=FILE after the URL of tls:"],
    ["listen --ssl-key=a.key 8443", "write ?cert=FILE&key=a.key after the URL of tls:"],
    ["connect --ssl-trustfile ca.pem localhost 443", "write ?ca=ca.pem after the URL of tls:"],
    ["connect -CAfile ca.pem localhost 443", "write ?ca=ca.pem after the URL of tls:"],
    ["connect -servername a.example localhost 443", "write ?servername=a.example after the URL of tls:"],
    ["connect --ssl-servername a.example localhost 443", "write ?servername=a.example after the URL of tls:"],
    ["connect --ssl-alpn h2 localhost 443", "write ?alpn=h2 after the URL of tls:"],
    ["connect --ssl-verify localhost 443", "leave it out: certificates are always checked"],
    [
      "connect --insecure localhost 443",
      "certificates are always checked: write ?pin=sha256:HEX after the URL to accept one; sockwright tls URL  shows its fingerprint",
    ],
    ["connect --tlsv1.3 localhost 443", "write ?min=1.3 after the URL of tls:"],
    ["connect --haproxy-protocol localhost 443", "write ?proxy-send=v1 after the URL"],
    ["connect -w1 localhost 80", "write --connect-timeout 1s for the connection, --idle-timeout 1s for silence"],
    ["listen -lk 8000", "-l: leave it out: write sockwright listen tcp://127.0.0.1:8000; -k: write --keep-open"],
    ["greet -p 8000", "the address is one URL: write sockwright greet --listen tcp://127.0.0.1:8000"],
    ["greet -l 8000", "leave it out: write sockwright greet --listen tcp://127.0.0.1:8000"],
    ["connect -i 1 localhost 80", "write --idle-timeout 1s; a delay between lines, as in nc, is not offered"],
    // nc
    ["connect -D localhost 80", "it is not offered"],
    ["connect -M 5 localhost 80", "write --option IP_TTL=5"],
    ["connect -m 5 localhost 80", "it is not offered"],
    ["connect -r localhost 80", "leave it out: a free port is chosen without it"],
    ["connect -x proxy:1080 localhost 80", "it is not offered: proxies are not supported"],
    ["connect -P user localhost 80", "it is not offered: proxies are not supported"],
    ["connect -X 5 localhost 80", "it is not offered: neither proxies nor HTTP are supported"],
    ["connect -Z file localhost 80", "write  sockwright tls URL , which shows the certificates of a server"],
    ["connect -F localhost 80", "it is not offered"],
    ["connect -S localhost 80", "it is not offered"],
    ["connect -t localhost 23", "it is not offered"],
    ["connect -W 1 localhost 80", "it is not offered"],
    // ncat
    ["connect --send-only localhost 80", "write --wait 0 > /dev/null"],
    ["connect --proxy=proxy:1080 localhost 80", "it is not offered: proxies are not supported"],
    ["listen --chat 80", "it is not offered"],
    [
      "listen --broker 80",
      "it is not offered: listen --keep-open sends standard input to every client, but not what other clients send",
    ],
    ["connect --no-shutdown localhost 80", "it is not offered: the end of standard input is always sent to the peer"],
    ["connect --append-output localhost 80", "write >>, as in >> FILE"],
    ["connect --output log localhost 80", "write > log"],
    ["connect -o log localhost 80", "write > log"],
    ["listen --max-conns 5 80", "it is not offered"],
    ["greet --max-conns 5", "it is not offered"],
    ["listen --allow 10.0.0.1 80", "it is not offered"],
    ["connect --telnet localhost 23", "it is not offered"],
    ["connect --sctp localhost 80", "it is not offered"],
    ["connect --delay 1 localhost 80", "it is not offered"],
    ["connect -g 10.0.0.1 localhost 80", "it is not offered"],
    ["connect -G 4 localhost 80", "it is not offered"],
    ["connect --vsock 2 5000", "write sockwright connect vsock://2:5000"],
    ["connect --nodns localhost 80", "leave it out, and write an address in place of a name"],
    ["connect --source-port 4000 localhost 80", "write --source 0.0.0.0:4000, or [::]:PORT for IPv6"],
    // curl
    ["connect --local-port 4000 localhost:80", "write --source 0.0.0.0:4000, or [::]:PORT for IPv6"],
    ["connect --unix-socket /run/app.sock http://localhost/", "write sockwright connect unix:/run/app.sock"],
    ["connect --max-time 5 localhost:80", "write timeout 5 in front of the command, or --idle-timeout for silence"],
    ["connect --interface eth0 localhost:80", "write --option SO_BINDTODEVICE=eth0, or --source with an own address"],
    ["connect -T f localhost:80", "write < f for a file, --option IP_TOS=16 for the type of service"],
    ["connect -H a:b localhost:80", "HTTP is not supported: use curl"],
    ["connect --data a localhost:80", "HTTP is not supported: write the data to standard input"],
    ["connect -Q localhost 80", "see  sockwright connect --help"],
    ["greet -w 1", "see  sockwright greet --help"],
  ])("%s", async ([args, advice]) => {
    const [, told = ""] = /^unknown option '-[^']+': (.*)$/.exec(await said(args.split(" "))) ?? [];
    expect(told).toBe(advice);
    // The suggested command line works.
    for (const [, option = ""] of told.matchAll(/--option (\S+=\w+)/g))
      expect(parseSocketOption(option)).toHaveProperty("level");
  });

  test("a value for an option that takes none", async () => {
    expect(await said(["connect", "tcp://127.0.0.1:1", "--json=1"])).toBe(
      "option '--json' takes no value: write --json",
    );
  });
});

describe("addresses", () => {
  test.for<[args: string, advice: string]>([
    ["connect example.com", "write tcp://example.com:PORT"],
    ["connect ::1", "write tcp://[::1]:PORT"],
    ["connect 127.0.0.1:99999", "a port is a number from 0 to 65535"],
    ["connect http://example.com/", "write tcp://example.com:80"],
    ["connect TCP4:localhost:80", "write tcp://localhost:80"],
    ["connect -", "standard input and output are always joined"],
    ["connect telnet://h:23", "write tcp://h:23"],
    ["connect SCTP:127.0.0.1:80", "it is not offered"],
    ["listen abstract:x", "write unix:@x"],
    ["listen TCP-LISTEN:80,bind=127.0.0.1", "write tcp://127.0.0.1:80"],
    ["listen unixpacket:/tmp/x", "write unix-seqpacket:/tmp/x"],
    ["greet --listen ipc:/tmp/x", "write unix:/tmp/x"],
    ["connect tcp://127.0.0.1:0", "to connect, write the port on which the server listens"],
    ["connect tcp://[fe80::1%99999999999]:80", 'has the zone "99999999999", which is no interface'],
    [
      "connect tcp://[::1]:80 --source fe80::1%99999999999",
      'has the zone "99999999999", but no interface has that name',
    ],
  ])("%s", async ([args, advice]) => {
    expect(await said(args.split(" "))).toContain(advice);
  });
});

test.for(["connect", "listen", "greet"])("the help of %s says what a number alone is", async (command) => {
  const { stdout } = await runHere([command, "--help"]);
  expect(stdout).toMatch(/^Times:\n.*A number without a unit means seconds/m);
});

test("listen on a datagram socket that has received nothing reports that nothing was sent", async () => {
  const { code, stderr } = await runHere(
    ["listen", "udp://127.0.0.1:0", "--idle-timeout", "50ms", "--json"],
    "7 bytes",
  );
  expect(code).toBe(3);
  const events = stderr.trimEnd().split("\n");
  expect(JSON.parse(events.at(-1) ?? "")).toEqual({ event: "close", peer: "udp:", bytesSent: 0, bytesReceived: 0 });
});
