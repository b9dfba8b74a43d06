// A user of nginx, caddy, compose, systemctl or another chat types their options: `up`, `ctl` and `chat` name the right ones.
import { expect, test } from "vitest";
import { runHere } from "./in-process.ts";

test.for<[args: string, advice: string]>([
  ["up -c /etc/app.toml", "write the file after the command, as in  sockwright up /etc/app.toml"],
  ["up --config=/etc/app.toml", "write the file after the command, as in  sockwright up /etc/app.toml"],
  ["up -f app.toml", "write the file after the command, as in  sockwright up app.toml"],
  ["up --file", "write the file after the command, as in  sockwright up FILE"],
  ["up -t", "write  sockwright up FILE --check"],
  ["up -t app.toml", "write  sockwright up app.toml --check"],
  ["up app.toml --dry-run", "write  sockwright up app.toml --check"],
  ["up -t 5", "write --grace 5s"],
  ["up --timeout 5 app.toml", "write --grace 5s"],
  ["up -d", "it stays in the foreground: start it with systemd, or write & after it"],
  ["up -p 8080", 'the file says where a service listens: listen = "tcp://127.0.0.1:8080"'],
  ["up -p /etc/app", "it is not offered: paths are relative to the folder of the file"],
  ["up -l", 'the file says where a service listens: listen = "tcp://127.0.0.1:8000"'],
  ["up --port=8080", 'the file says where a service listens: listen = "tcp://127.0.0.1:8080"'],
  ["up --root public", 'write root = "public" into the file, or  sockwright web public  for that folder alone'],
  ["up --watch", "write  sockwright ctl reload  when the file has changed"],
  ["up -s reload", "write  sockwright ctl reload  from another terminal"],
  ["up -s quit", "write  sockwright ctl stop  from another terminal"],
  ["up -q", "write > /dev/null"],
  ["up -v", "leave it out: every event is logged; --log json prints each as an object"],
  ["up --user www-data", 'write user = "www-data" into the file'],
  ["up --pidfile", "it is not offered: sockwright ctl status --json  shows the process id"],
  ["up -g", "it is not offered: write it into the file"],
  ["up --env-file", "it is not offered: the file takes no values from the environment"],
  ["up --socket /run/a.sock", 'write [admin] socket = "/run/a.sock" into the file'],
  ["ctl -c app.toml status", "write --file app.toml"],
  ["ctl status -f app.toml", "write --file app.toml"],
  ["ctl -s reload", "write  sockwright ctl reload  from another terminal"],
  ["ctl -s /run/a.sock status", "write --socket /run/a.sock"],
  ["ctl status -p 9000", "it has no port: the admin socket is a file, --socket PATH"],
  ["ctl status --output=json", "write --json"],
  ["ctl connections -w", "write  watch sockwright ctl connections"],
  ["ctl status --all", "leave it out: all are shown"],
  ["chat -p 9000", "write --listen http://127.0.0.1:9000/chat/"],
  ["chat --db chat.db", "write --history chat.db"],
  ["chat -r garden", "write --room garden"],
  ["chat --config app.toml", 'write  sockwright up app.toml  for a service with kind = "chat"'],
  ["chat --password secret", "a room can have a key, which its first member sets: /join ROOM KEY"],
  [
    "chat --tls",
    "write --listen https://127.0.0.1:8443/chat/ to host a chat, --join https://HOST:PORT/chat/ to take part",
  ],
  ["chat -k", "leave it out: --listen serves any number of clients"],
  ["chat --no-history", "write --memory"],
])("%s", async ([args, advice]) => {
  const { code, stdout, stderr } = await runHere(args.split(" "));
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^sockwright: unknown option '[^']+': [^\n]+\n$/);
  expect(stderr.replace(/^sockwright: unknown option '[^']+': /, "").trimEnd()).toBe(advice);
});

test.for(["up --nobody-has-this", "ctl --nobody-has-this", "chat --nobody-has-this"])("%s", async (args) => {
  const { code, stderr } = await runHere(args.split(" "));
  expect([code, stderr]).toEqual([
    2,
    `sockwright: unknown option '--nobody-has-this': see  sockwright ${args.split(" ")[0]} --help\n`,
  ]);
});
