// The load generator: one thread, one epoll descriptor, checked echoes, one line of JSON.
//
//   load echo     PORT CONNECTIONS BYTES WARMUP_MS MEASURE_MS SERVER_PID
//   load pipeline PORT CONNECTIONS BYTES ...   sixteen messages of BYTES in one write, then all the answers
//   load churn    PORT CONNECTIONS BYTES ...   connect, one echo, close (FIN from the client first)
//   load reset    PORT CONNECTIONS BYTES ...   the same, closed with SO_LINGER 0 (RST from the client)
//   load lines    PORT CONNECTIONS BYTES ...   as echo, with messages of printable ASCII that end in LF
//   load http     PORT CONNECTIONS BYTES ...   a GET, and an answer whose one "!" is its last byte
//   load datagrams PORT CONNECTIONS BYTES ...  as echo, over UDP: a datagram that is lost is an error
//   load bulk     PORT CONNECTIONS BYTES ...   a request of 64 bytes, and an answer of BYTES
//   load broadcast PORT CONNECTIONS BYTES ...  one message from one connection, then one to each; the next when all have it
//
// An operation is one answered write, in churn and reset one connection from connect to close, and in broadcast one
// message to one connection.
// The server's CPU time is read here, between two events, so that time and count belong together.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pattern.h"
#include "server-cpu.h"

enum {
    MAX_EVENTS = 1024,
    MESSAGES_PER_PIPELINE = 16,
    // One exchange always fits into an empty send buffer (tcp(7): 16 KiB by default), so a short send is an error.
    MAX_EXCHANGE_BYTES = 16 * 1024,
    PATTERN_PERIOD = 1024,
    BULK_REQUEST_BYTES = 64,
    // Of a connection's answers each sixteenth is read and compared, the first one too; the others are discarded unread,
    // so that this program is not the slower side.
    ANSWERS_PER_COMPARISON = 16,
    MAX_ANSWER_BYTES = 16 * 1024 * 1024,
    DRAIN_MS = 1000,
};

struct connection {
    int fd;
    bool sent;          // this exchange's bytes are with the kernel
    unsigned sequence;  // selects the bytes of this exchange, so that a stale or a stranger's answer is seen
    size_t received;
};

static uint16_t port;
static size_t exchange_bytes;
static size_t answer_bytes;  // in bulk
static bool churn, reset, lines, broadcast, http, datagrams, bulk;
static bool stopping;

static int epoll_fd;
static struct connection *connections;
static size_t active;
static size_t awaiting;  // in broadcast, the connections that do not have the message yet
static uint64_t operations, errors;
static char pattern[PATTERN_PERIOD + MAX_EXCHANGE_BYTES];

// What a client of the web sends, without the field of its name.
static const char request[] = "GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n";
static const char answer_begin[] = "HTTP/1.1 200 OK\r\n";

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static const char *expected_bytes(const struct connection *connection) {
    if (http) return request;
    size_t index = broadcast ? 0 : (size_t)(connection - connections);
    size_t at = index * 31 + connection->sequence * 7;
    return pattern + (lines ? at % (sizeof pattern / exchange_bytes) * exchange_bytes : at % PATTERN_PERIOD);
}

static void watch(struct connection *connection, int operation, uint32_t interest) {
    struct epoll_event event = {.events = interest, .data.ptr = connection};
    if (epoll_ctl(epoll_fd, operation, connection->fd, &event) != 0) die("load: epoll_ctl");
}

static void drop(struct connection *connection) {
    close(connection->fd);
    connection->fd = -1;
    active -= 1;
}

static void fail(struct connection *connection, const char *what) {
    if (errors == 0) fprintf(stderr, "load: %s\n", what);
    errors += 1;
    drop(connection);
}

// False while the kernel cannot take the bytes, which is only so before the handshake has ended.
static bool transmit(struct connection *connection) {
    ssize_t sent = send(connection->fd, expected_bytes(connection), exchange_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN)) return false;
    if (sent != (ssize_t)exchange_bytes) {
        fail(connection, sent < 0 ? strerror(errno) : "short send");
        return true;
    }
    connection->sent = true;
    return true;
}

// One local address has 28 000 ports, and a closed connection holds its port for a minute (TIME_WAIT):
// churn therefore goes round a thousand loopback addresses.
static void bind_source(int fd) {
    static unsigned turn;
    unsigned at = turn++ % 1000;
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(0x7f000000u | (1 + at / 250) << 8 | (1 + at % 250));
    int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0) die("load: bind");
}

static void start(struct connection *connection) {
    int on = 1;
    connection->fd = socket(AF_INET, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | (churn ? SOCK_NONBLOCK : 0), 0);
    if (connection->fd < 0) die("load: socket");
    if (!datagrams) setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (churn) bind_source(connection->fd);
    if (reset) {
        struct linger linger = {.l_onoff = 1, .l_linger = 0};
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    connection->sent = false;
    connection->received = 0;
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int refused = connect(connection->fd, (struct sockaddr *)&server, sizeof server);
    if (refused != 0 && errno != EINPROGRESS) die("load: connect");
    active += 1;
    if (broadcast) connection->sent = true;
    else transmit(connection);
    if (connection->fd >= 0) watch(connection, EPOLL_CTL_ADD, connection->sent ? EPOLLIN : EPOLLOUT);
}

// From the connection that was made last: when the server reads it, it has accepted all of them.
static void begin_broadcast(struct connection *last) {
    awaiting = active;
    if (!transmit(last)) fail(last, "send would block with nothing in flight");
}

static void take_broadcast(void) {
    awaiting -= 1;
    if (awaiting > 0) return;
    if (stopping) active = 0;
    else begin_broadcast(&connections[active - 1]);
}

static void complete(struct connection *connection) {
    operations += 1;
    connection->sequence += 1;
    connection->received = 0;
    if (broadcast) return take_broadcast();
    if (churn || stopping) drop(connection);
    if (stopping) return;
    if (churn) start(connection);
    else if (!transmit(connection)) fail(connection, "send would block with nothing in flight");
}

// One is in flight on each connection: its last byte is the last of what comes.
static void receive_http(struct connection *connection, const char *bytes, size_t count) {
    size_t begin = sizeof answer_begin - 1;
    if (connection->received == 0 && (count < begin || memcmp(bytes, answer_begin, begin) != 0))
        return fail(connection, "no answer of HTTP");
    connection->received += count;
    const char *end = memchr(bytes, '!', count);
    if (end != NULL && end != bytes + count - 1) return fail(connection, "more bytes than an answer");
    if (end != NULL) complete(connection);
}

static void receive_bulk(struct connection *connection) {
    static char buffer[PATTERN_PIECE_BYTES];
    bool compares = connection->sequence % ANSWERS_PER_COMPARISON == 0;
    // tcp(7): with MSG_TRUNC the bytes are counted and discarded, and not copied.
    ssize_t count = recv(connection->fd, compares ? buffer : NULL, sizeof buffer, MSG_DONTWAIT | (compares ? 0 : MSG_TRUNC));
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return fail(connection, count < 0 ? strerror(errno) : "the server closed");
    if (connection->received + (size_t)count > answer_bytes) return fail(connection, "more bytes than an answer");
    if (compares && !has_pattern(buffer, (size_t)count, connection->received)) return fail(connection, "wrong bytes");
    connection->received += (size_t)count;
    if (connection->received == answer_bytes) complete(connection);
}

static void receive(struct connection *connection) {
    if (bulk) return receive_bulk(connection);
    static char buffer[64 * 1024];
    ssize_t count = recv(connection->fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return fail(connection, count < 0 ? strerror(errno) : "the server closed");
    if (http) return receive_http(connection, buffer, (size_t)count);
    if (connection->received + (size_t)count > exchange_bytes) return fail(connection, "more bytes than sent");
    const char *expected = expected_bytes(connection) + connection->received;
    if (memcmp(buffer, expected, (size_t)count) != 0) return fail(connection, "wrong bytes");
    connection->received += (size_t)count;
    if (connection->received == exchange_bytes) complete(connection);
}

static void dispatch(struct connection *connection) {
    if (connection->sent) return receive(connection);
    if (transmit(connection) && connection->fd >= 0) watch(connection, EPOLL_CTL_MOD, EPOLLIN);
}

static void run_until(double deadline) {
    struct epoll_event events[MAX_EVENTS];
    while (active > 0) {
        double left = deadline - now_seconds();
        if (left <= 0) return;
        // Never asleep: waking a core that sleeps costs the sender an interrupt, several microseconds on a virtual
        // machine. Only the servers that are slower than this program would pay for it, and on a network nobody does.
        int count = epoll_wait(epoll_fd, events, MAX_EVENTS, 0);
        if (count < 0 && errno != EINTR) die("load: epoll_wait");
        for (int i = 0; i < count; i++) dispatch(events[i].data.ptr);
    }
}

static unsigned long number(const char *name, const char *text, unsigned long least, unsigned long most) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < least || value > most) {
        fprintf(stderr, "load: %s is %s, must be %lu to %lu\n", name, text, least, most);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv) {
    if (argc != 8) {
        fprintf(stderr, "usage: load echo|pipeline|churn|reset|lines|http|datagrams|bulk|broadcast PORT CONNECTIONS BYTES "
                        "WARMUP_MS MEASURE_MS SERVER_PID\n");
        return 2;
    }
    const char *mode = argv[1];
    bool pipeline = strcmp(mode, "pipeline") == 0;
    reset = strcmp(mode, "reset") == 0;
    churn = reset || strcmp(mode, "churn") == 0;
    lines = strcmp(mode, "lines") == 0;
    broadcast = strcmp(mode, "broadcast") == 0;
    http = strcmp(mode, "http") == 0;
    datagrams = strcmp(mode, "datagrams") == 0;
    bulk = strcmp(mode, "bulk") == 0;
    if (!pipeline && !churn && !lines && !broadcast && !http && !datagrams && !bulk && strcmp(mode, "echo") != 0) {
        fprintf(stderr, "load: unknown mode %s\n", mode);
        return 2;
    }
    port = (uint16_t)number("PORT", argv[2], 1, 65535);
    size_t count = number("CONNECTIONS", argv[3], 1, 100000);
    size_t messages = pipeline ? MESSAGES_PER_PIPELINE : 1;
    size_t bytes = number("BYTES", argv[4], 1, bulk ? MAX_ANSWER_BYTES : MAX_EXCHANGE_BYTES / messages);
    exchange_bytes = bulk ? BULK_REQUEST_BYTES : messages * bytes;
    if (bulk) answer_bytes = bytes;
    if (http) exchange_bytes = sizeof request - 1;
    double warmup_seconds = (double)number("WARMUP_MS", argv[5], 0, 3600000) / 1000;
    double measure_seconds = (double)number("MEASURE_MS", argv[6], 1, 3600000) / 1000;
    pid_t server = (pid_t)number("SERVER_PID", argv[7], 1, INT32_MAX);

    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    uint32_t state = 1;
    for (size_t i = 0; i < sizeof pattern; i++) {
        unsigned byte = (state = state * 1664525u + 1013904223u) >> 24;
        pattern[i] = (char)(!lines ? byte : (i + 1) % exchange_bytes == 0 ? '\n' : ' ' + byte % 95);
    }
    connections = calloc(count, sizeof *connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (connections == NULL || epoll_fd < 0) die("load: start");
    for (size_t i = 0; i < count; i++) start(&connections[i]);
    if (broadcast) begin_broadcast(&connections[count - 1]);

    run_until(now_seconds() + warmup_seconds);
    uint64_t operations_before = operations;
    struct server_cpu cpu_before = read_server_cpu(server);
    double began = now_seconds();
    run_until(began + measure_seconds);
    struct server_cpu cpu_after = read_server_cpu(server);
    double ended = now_seconds();
    uint64_t measured = operations - operations_before;

    // The last answers are waited for: closing over them would send resets into servers that are still writing.
    stopping = true;
    run_until(now_seconds() + DRAIN_MS / 1000.0);

    printf("{\"operations\":%llu,\"wallSeconds\":%.6f,\"cpuSeconds\":%.9f,\"tickSeconds\":%.3f,"
           "\"errors\":%llu,\"unanswered\":%zu}\n",
           (unsigned long long)measured, ended - began, cpu_after.clock_seconds - cpu_before.clock_seconds,
           cpu_after.tick_seconds - cpu_before.tick_seconds, (unsigned long long)errors, active);
    return 0;
}
