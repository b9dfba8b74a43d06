// @ts-check
// Opens the epoll descriptors of libsql and then the poller's, and prints which of them leak trackers report.
import { readdirSync, readlinkSync } from "node:fs";
import Database from "libsql";
import { socketpair } from "sockwright";
import { leakTracker } from "sockwright/testing";

const EVENT_POLL = "anon_inode:[eventpoll]";

function eventPolls() {
  return readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === EVENT_POLL;
    } catch {
      // The descriptor that read the folder is closed by now.
      return false;
    }
  }).length;
}

/** @param {import("sockwright/testing").LeakTracker} tracker */
function reported(tracker) {
  return tracker.leaks().filter((leak) => leak.includes("epoll") || leak.includes(EVENT_POLL));
}

const before = eventPolls();
const beforeLibsql = leakTracker();
new Database(":memory:").close();
const opened = eventPolls() - before;
const ofLibsql = reported(beforeLibsql);

const beforePoller = leakTracker();
const [ours, peer] = socketpair();
const received = ours.recv(1);
const ofPoller = reported(beforePoller);
peer.trySend("x");
await received;
ours.close();
peer.close();
console.log(JSON.stringify({ opened, ofLibsql, ofPoller }));
