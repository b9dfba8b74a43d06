// A text that is not a socket URL is rejected with advice on what to write instead.
import { expect, test } from "vitest";
import { parseSocketUrl, SocketUrlError } from "../../../../src/server.ts";

/** The given text and the advice for it; `PORT` stands for a port that the reader chooses. */
const ADVICE: readonly (readonly [text: string, advice: string])[] = [
  ["", "tcp://127.0.0.1:8000"],
  ["8000", "tcp://127.0.0.1:8000"],
  [":8000", "tcp://127.0.0.1:8000"],
  ["localhost", "tcp://localhost:PORT"],
  ["localhost:http", "tcp://localhost:PORT"],
  ["example.com", "tcp://example.com:PORT"],
  ["example.com:80/path", "tcp://example.com:80"],
  ["user@example.com:80", "tcp://example.com:80"],
  ["my-host:80", "tcp://my-host:80"],
  ["ipc:80", "tcp://ipc:80"],
  ["127.0.0.1", "tcp://127.0.0.1:PORT"],
  ["::1", "tcp://[::1]:PORT"],
  ["::1:8000", "tcp://[::1]:8000"],
  ["2001:db8::1:7", "tcp://[2001:db8::1:7]:PORT"],
  ["fe80::1%eth0", "tcp://[fe80::1%eth0]:PORT"],
  ["fe80::1%eth0:80", "tcp://[fe80::1%eth0]:80"],
  ["[::1]", "tcp://[::1]:PORT"],
  ["[::1]:80", "tcp://[::1]:80"],
  ["tcp:localhost", "tcp://localhost:PORT"],
  ["app.sock", "unix:app.sock"],
  ["HTTP://127.0.0.1:80/x", "http://127.0.0.1:80"],
  ["Http:localhost", "http://localhost"],
  ["HTTP+UNIX:/run/a", "http+unix:/run/a"],
  // socat(1)
  ["TCP:127.0.0.1:80", "tcp://127.0.0.1:80"],
  ["TCP4:localhost:80", "tcp://localhost:80"],
  ["TCP6:[::1]:80,nodelay", "tcp://[::1]:80"],
  ["tcp-connect:example.com:80", "tcp://example.com:80"],
  ["TCP-LISTEN:8000,fork,reuseaddr", "tcp://*:8000"],
  ["UDP4-RECVFROM:9000", "udp://*:9000"],
  ["udp-sendto:127.0.0.1:9000", "udp://127.0.0.1:9000"],
  ["UNIX-CONNECT:/run/app.sock", "unix:/run/app.sock"],
  ["unix-listen:/run/app.sock,fork", "unix:/run/app.sock"],
  ["UNIX-SENDTO:/dev/log", "unix-dgram:/dev/log"],
  ["ABSTRACT-CONNECT:app", "unix:@app"],
  ["VSOCK-LISTEN:2:5000", "vsock://2:5000"],
  ["VSOCK-LISTEN:5", "vsock://*:5"],
  ["abstract:app", "unix:@app"],
  // The advice keeps the bound address, and those options that the URL scheme also has.
  ["TCP-LISTEN:80,bind=127.0.0.1", "tcp://127.0.0.1:80"],
  ["TCP4-LISTEN:80,fork,bind=localhost,reuseaddr", "tcp://localhost:80"],
  ["TCP6-LISTEN:80,bind=[::1]", "tcp://[::1]:80"],
  ["TCP6-LISTEN:80,BIND=::1", "tcp://[::1]:80"],
  ["UDP-RECVFROM:9000,bind=127.0.0.1", "udp://127.0.0.1:9000"],
  ["UDP-DATAGRAM:1.2.3.255:9,broadcast", "udp://1.2.3.255:9?broadcast"],
  ["UNIX-LISTEN:/x,mode=600", "unix:/x?mode=600"],
  ["UNIX-RECV:/x,perm=0660,user=root,group=adm", "unix-dgram:/x?mode=0660&owner=root&group=adm"],
  ["UNIX-CONNECT:/x,mode=600", "unix:/x"],
  // Brackets
  ["tcp://::1:0", "tcp://[::1]:0"],
  ["tcp://::1:8", "tcp://[::1]:8"],
  ["tcp://fe80::1%eth0:0", "tcp://[fe80::1%eth0]:0"],
  ["tcp://[::1", "tcp://[::1]:8000"],
  ["udp://[::1:80", "udp://[::1]:80"],
  ["tcp://::1]:80", "tcp://[::1]:80"],
  ["[::1", "tcp://[::1]:PORT"],
  ["::1]:80", "tcp://[::1]:80"],
  // Go, and ZeroMQ
  ["tcp4://127.0.0.1:80", "tcp://127.0.0.1:80"],
  ["unixgram:/dev/log", "unix-dgram:/dev/log"],
  ["unixpacket:/run/app.sock", "unix-seqpacket:/run/app.sock"],
  ["ipc:///run/app.sock", "unix:///run/app.sock"],
  // Protocols over TCP
  ["ws://example.com/path", "tcp://example.com:80"],
  ["wss://example.com", "tls://example.com:443"],
  ["HTTPS://example.com", "https://example.com"],
  ["TLS://example.com:443", "tls://example.com:443"],
  ["ftps://example.com", "tls://example.com:990"],
  ["ws://example.com:8080/", "tcp://example.com:8080"],
  ["ssl://[::1]:8443", "tls://[::1]:8443"],
  ["OPENSSL:h:443,cafile=ca.pem", "tls://h:443?ca=ca.pem"],
  ["OPENSSL-LISTEN:443,cert=a.pem,verify=0", "tls://*:443?cert=a.pem&key=a.pem"],
  ["OPENSSL-CONNECT:h:443", "tls://h:443"],
  ["OPENSSL-LISTEN:443,bind=127.0.0.1", "tls://127.0.0.1:443"],
  ["TLS-LISTEN:443", "tls://*:443"],
  ["telnet://h:23", "tcp://h:23"],
  ["telnet://h", "tcp://h:23"],
];

test.for(ADVICE)("%j: write %s", ([text, advice]) => {
  expect(() => parseSocketUrl(text)).toThrow(SocketUrlError);
  expect(() => parseSocketUrl(text)).toThrow(` write ${advice}`);
  // The advice itself is a valid URL.
  expect(parseSocketUrl(advice.replace("PORT", "80"))).toHaveProperty("scheme");
});

test("socat's verify=0: certificates are always checked", () => {
  const advice = "write tls://h:443; certificates are always checked, and pin=sha256:HEX accepts one";
  expect(() => parseSocketUrl("OPENSSL:h:443,verify=0")).toThrow(advice);
});

test.for(["127.0.0.1:99999", "localhost:65536", "99999", "::ffff:1.2.3.4:70000"])("%s has no such port", (text) => {
  expect(() => parseSocketUrl(text)).toThrow(/ has the port "\d+": a port is a number from 0 to 65535$/);
});

test.for([
  ["-", "is no socket: standard input and output are always joined to the socket"],
  ["STDIO", "is no socket: standard input and output are always joined to the socket"],
  ["STDIO:", "standard input and output are always joined to the socket"],
  ["SYSTEM:ls", "no program is started: join it by pipes"],
  ["EXEC:", "no program is started: join it by pipes"],
  ["OPEN:/etc/motd", "standard input and output are joined to files by < and >"],
  ["SCTP:127.0.0.1:80", "it is not offered"],
  ["wss://h/", "use a WebSocket client, or write tls://h:443 for the TLS connection alone"],
] as const)("%s: %s", ([text, reason]) => {
  expect(() => parseSocketUrl(text)).toThrow(reason);
});

test("the advice for a socat listener on a local address ends with its port", () => {
  expect(() => parseSocketUrl("TCP-LISTEN:80,bind=127.0.0.1")).toThrow(/: write tcp:\/\/127\.0\.0\.1:80$/);
  expect(() => parseSocketUrl("UNIX-CONNECT:/x,mode=600")).toThrow(/: write unix:\/x$/);
});
