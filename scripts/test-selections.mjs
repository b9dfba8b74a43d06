/**
 * The tests that run again under the sanitizers: all that reach the addon. Whole programs make the same calls as the tests of
 * the layers, and pure TypeScript has no memory errors.
 */
export const sanitized = [
  "test/unit/native",
  "test/behaviour/native",
  "test/behaviour/poller",
  "test/behaviour/socket",
  "test/behaviour/files",
  "test/behaviour/limits",
  "test/behaviour/input/argument",
  "test/behaviour/input/buffers",
  "test/behaviour/input/options-of-",
  "test/behaviour/connection",
  "test/behaviour/errors",
  "test/fuzz/control-message",
  "test/fuzz/native-calls",
  "test/model",
  "test/unit/server/transport/native-datagrams",
  "test/unit/server/transport/native-link",
  "test/behaviour/server/inherited",
  "test/behaviour/server/serve-descriptors",
  "test/behaviour/server/datagram-batches",
  "test/unit/server/transport/peer-credentials",
  "test/unit/services/web/root",
  "test/behaviour/web/root",
  "test/behaviour/server/close",
  "test/behaviour/server/datagram-losses",
  "test/behaviour/server/first-wait",
  "test/behaviour/server/handshake",
  "test/behaviour/server/hooks",
  "test/behaviour/server/listener-options",
  "test/behaviour/server/long-records",
  "test/behaviour/server/reload",
  "test/behaviour/server/replies",
  "test/behaviour/server/unix-path-takeover",
  "test/unit/socket",
];

/** The tests that run again over node:net. The tests of `sockwright/server` try both transports by themselves. */
export const overNode = [
  "test/behaviour/chat",
  "test/behaviour/http",
  "test/behaviour/status",
  "test/behaviour/supervisor/reload.test",
  "test/behaviour/web",
  "test/cli/web",
  "test/conformance/our-server",
  "test/interop/http.test",
  "test/interop/web-downloads",
];

/**
 * The tests that run again on each later version of Node, because a version can break them: the addon, the poller and the transports;
 * HTTP and the web server, with Node's own `Response`, streams and node:http; the chat, whose history is node:sqlite from Node 22.13
 * on; tests that import modules again; and the examples.
 */
export const onEachNode = [
  "test/unit/native",
  "test/behaviour/native",
  "test/behaviour/poller",
  "test/unit/server/transport/native-link",
  "test/unit/server/transport/node-link",
  "test/unit/server/connection/connection.test",
  "test/behaviour/server/listeners",
  "test/behaviour/server/inherited",
  "test/behaviour/server/datagram-close",
  "test/unit/services/chat",
  "test/behaviour/chat",
  "test/behaviour/supervisor",
  "test/cli/up.test",
  "test/unit/services/web",
  "test/fuzz/native-calls",
  "test/behaviour/http",
  "test/behaviour/web",
  "test/unit/socket/serve.test",
  "test/behaviour/socket/few-descriptors",
  "test/unit/server/transport",
  "test/repository/examples",
  "test/examples/conversations",
];
