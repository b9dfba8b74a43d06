// The load generator for servers of the web: one thread, one epoll descriptor, checked answers, one line of JSON.
//
//   http-load PORT CONNECTIONS DEPTH REQUEST_FILE ANSWER_FILE WARMUP_MS MEASURE_MS SERVER_PID
//
// Each connection is kept alive. It sends the request DEPTH times in one write, waits for all the answers, and sends
// again. Every answer has to be the one of the file, byte by byte but for the value of Date. Of long answers that holds
// for the head, the last bytes, and the whole of each sixteenth: the kernel discards the rest, so that this program is
// not the slower side.
//
// An operation is one answer. Operations are counted in bytes, so that an interval that ends in the middle of an answer
// counts what came of it. The server's CPU time is read here, between two events, so that time and count belong together.
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

#include "server-cpu.h"

enum {
    MAX_EVENTS = 1024,
    MAX_DEPTH = 64,
    BUFFER_BYTES = 256 * 1024,
    // Longer answers are discarded by the kernel, but for their ends.
    MAX_COMPARED_BYTES = 32 * 1024,
    ANSWERS_PER_COMPARISON = 16,
    TAIL_BYTES = 16,
    MAX_DISCARDED_BYTES = 1 << 20,
    DATE_BYTES = sizeof "Sun, 06 Nov 1994 08:49:37 GMT" - 1,  // RFC 9110, 5.6.7
    DRAIN_MS = 2000,
};

struct connection {
    int fd;
    unsigned sequence;  // of the write; selects the answers that are compared wholly
    size_t received;    // of all the answers to it
};

struct bytes {
    char *data;
    size_t length;
};

static struct bytes requests, answer;
static size_t head_length, date_at, exchange_length;
static bool stopping;

static int epoll_fd;
static struct connection *connections;
static size_t active;
static uint64_t answered_bytes, errors;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void drop(struct connection *connection) {
    close(connection->fd);
    connection->fd = -1;
    active -= 1;
}

static void fail(struct connection *connection, const char *what) {
    if (errors == 0) fprintf(stderr, "http-load: %s\n", what);
    errors += 1;
    drop(connection);
}

static void transmit(struct connection *connection) {
    ssize_t sent = send(connection->fd, requests.data, requests.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != (ssize_t)requests.length) fail(connection, sent < 0 ? strerror(errno) : "short send");
}

static void start(struct connection *connection, uint16_t port) {
    int on = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) die("http-load: socket");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(connection->fd, (const struct sockaddr *)&server, sizeof server) != 0) die("http-load: connect");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) != 0) die("http-load: epoll_ctl");
    active += 1;
    transmit(connection);
}

// Whether these bytes, all of one answer, stand at this place of it; the value of Date may be another.
static bool stand_in_answer(const char *bytes, size_t count, size_t at) {
    size_t end = at + count, date_end = date_at + DATE_BYTES;
    if (end <= date_at || at >= date_end) return memcmp(bytes, answer.data + at, count) == 0;
    if (at < date_at && memcmp(bytes, answer.data + at, date_at - at) != 0) return false;
    return end <= date_end || memcmp(bytes + (date_end - at), answer.data + date_end, end - date_end) == 0;
}

// Whether they do, in an answer and those behind it.
static bool are_answers(const char *bytes, size_t count, size_t at) {
    while (count > 0) {
        size_t part = count < answer.length - at ? count : answer.length - at;
        if (!stand_in_answer(bytes, part, at)) return false;
        bytes += part;
        count -= part;
        at = 0;
    }
    return true;
}

// How many bytes of an answer, from this place on, are treated alike.
static size_t piece_length(size_t at, bool discards) {
    if (discards) return answer.length - TAIL_BYTES - at < MAX_DISCARDED_BYTES ? answer.length - TAIL_BYTES - at : MAX_DISCARDED_BYTES;
    return at < head_length ? head_length - at : answer.length - at;
}

// False when there is nothing more to receive now.
static bool receive_piece(struct connection *connection) {
    static char buffer[BUFFER_BYTES];
    size_t at = connection->received % answer.length;
    bool is_whole = answer.length <= MAX_COMPARED_BYTES || connection->sequence % ANSWERS_PER_COMPARISON == 0;
    bool discards = !is_whole && at >= head_length && at < answer.length - TAIL_BYTES;
    size_t most = is_whole ? sizeof buffer : piece_length(at, discards);
    // tcp(7): with MSG_TRUNC the bytes are counted and discarded, and not copied.
    ssize_t count = recv(connection->fd, discards ? NULL : buffer, most, MSG_DONTWAIT | (discards ? MSG_TRUNC : 0));
    if (count < 0 && errno == EAGAIN) return false;
    if (count <= 0) return fail(connection, count < 0 ? strerror(errno) : "the server closed"), false;
    if (connection->received + (size_t)count > exchange_length) return fail(connection, "more bytes than the answers"), false;
    if (!discards && !are_answers(buffer, (size_t)count, at)) return fail(connection, "another answer than the first"), false;
    connection->received += (size_t)count;
    answered_bytes += (uint64_t)count;
    return (size_t)count == most;
}

static void receive(struct connection *connection) {
    while (receive_piece(connection) && connection->received < exchange_length) {}
    if (connection->fd < 0 || connection->received < exchange_length) return;
    connection->received = 0;
    connection->sequence += 1;
    if (stopping) drop(connection);
    else transmit(connection);
}

static void run_until(double deadline) {
    struct epoll_event events[MAX_EVENTS];
    while (active > 0 && now_seconds() < deadline) {
        // Never asleep, as in load.c: only the servers that are slower than this program would pay for waking it.
        int count = epoll_wait(epoll_fd, events, MAX_EVENTS, 0);
        if (count < 0 && errno != EINTR) die("http-load: epoll_wait");
        for (int i = 0; i < count; i++) receive(events[i].data.ptr);
    }
}

static unsigned long number(const char *name, const char *text, unsigned long least, unsigned long most) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < least || value > most) {
        fprintf(stderr, "http-load: %s is %s, must be %lu to %lu\n", name, text, least, most);
        exit(2);
    }
    return value;
}

// The bytes of a file, so many times.
static struct bytes read_file(const char *path, size_t times) {
    FILE *file = fopen(path, "re");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) die(path);
    size_t length = (size_t)ftell(file);
    struct bytes bytes = {.data = malloc(length * times + 1), .length = length * times};
    if (bytes.data == NULL) die(path);
    rewind(file);
    if (length == 0 || fread(bytes.data, 1, length, file) != length) {
        fprintf(stderr, "http-load: %s cannot be read\n", path);
        exit(1);
    }
    for (size_t i = 1; i < times; i++) memcpy(bytes.data + i * length, bytes.data, length);
    fclose(file);
    return bytes;
}

static void read_answer(const char *path) {
    static const char date[] = "\r\nDate: ";
    answer = read_file(path, 1);
    const char *head_end = memmem(answer.data, answer.length, "\r\n\r\n", 4);
    if (head_end == NULL) {
        fprintf(stderr, "http-load: %s has no head\n", path);
        exit(1);
    }
    head_length = (size_t)(head_end - answer.data) + 4;
    const char *found = memmem(answer.data, head_length, date, sizeof date - 1);
    date_at = found == NULL ? answer.length : (size_t)(found - answer.data) + sizeof date - 1;
}

int main(int argc, char **argv) {
    if (argc != 9) {
        fprintf(stderr, "usage: http-load PORT CONNECTIONS DEPTH REQUEST_FILE ANSWER_FILE WARMUP_MS MEASURE_MS SERVER_PID\n");
        return 2;
    }
    uint16_t port = (uint16_t)number("PORT", argv[1], 1, 65535);
    size_t count = number("CONNECTIONS", argv[2], 1, 100000);
    size_t depth = number("DEPTH", argv[3], 1, MAX_DEPTH);
    requests = read_file(argv[4], depth);
    read_answer(argv[5]);
    exchange_length = depth * answer.length;
    double warmup_seconds = (double)number("WARMUP_MS", argv[6], 0, 3600000) / 1000;
    double measure_seconds = (double)number("MEASURE_MS", argv[7], 1, 3600000) / 1000;
    pid_t server = (pid_t)number("SERVER_PID", argv[8], 1, INT32_MAX);

    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    connections = calloc(count, sizeof *connections);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (connections == NULL || epoll_fd < 0) die("http-load: start");
    for (size_t i = 0; i < count; i++) start(&connections[i], port);

    run_until(now_seconds() + warmup_seconds);
    uint64_t bytes_before = answered_bytes;
    struct server_cpu cpu_before = read_server_cpu(server);
    double began = now_seconds();
    run_until(began + measure_seconds);
    struct server_cpu cpu_after = read_server_cpu(server);
    double ended = now_seconds();
    uint64_t measured_bytes = answered_bytes - bytes_before;

    // The last answers are waited for: closing over them would send resets into servers that are still writing.
    stopping = true;
    run_until(now_seconds() + DRAIN_MS / 1000.0);

    printf("{\"operations\":%.4f,\"wallSeconds\":%.6f,\"cpuSeconds\":%.9f,\"tickSeconds\":%.3f,"
           "\"errors\":%llu,\"unanswered\":%zu}\n",
           (double)measured_bytes / (double)answer.length, ended - began,
           cpu_after.clock_seconds - cpu_before.clock_seconds, cpu_after.tick_seconds - cpu_before.tick_seconds,
           (unsigned long long)errors, active);
    return 0;
}
