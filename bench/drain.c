// Takes all that a connection sends, and the next, so many one after the other; then one line of JSON.
//
//   drain discard PORT SERVER_PID CONNECTIONS   the bytes are thrown away
//   drain compare PORT SERVER_PID CONNECTIONS   they are those of pattern.h, or the program ends with 1
//
// The server's CPU time is read here, before the first connection and after the end of the last, so that time and bytes
// belong together.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pattern.h"
#include "server-cpu.h"

enum { DISCARDED_BYTES = 1 << 20 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

// Gives how many bytes came.
static uint64_t drain(const struct sockaddr_in *address, bool compares) {
    static char buffer[PATTERN_PIECE_BYTES];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) != 0) die("drain: connect");
    uint64_t bytes = 0;
    for (;;) {
        // tcp(7): with MSG_TRUNC the bytes are discarded, and not copied.
        ssize_t count = compares ? recv(fd, buffer, sizeof buffer, 0) : recv(fd, NULL, DISCARDED_BYTES, MSG_TRUNC);
        if (count == 0) break;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) die("drain: recv");
        if (compares && !has_pattern(buffer, (size_t)count, bytes)) {
            fprintf(stderr, "drain: wrong bytes behind %" PRIu64 "\n", bytes);
            exit(1);
        }
        bytes += (uint64_t)count;
    }
    close(fd);
    return bytes;
}

int main(int argc, char **argv) {
    if (argc != 5 || (strcmp(argv[1], "discard") != 0 && strcmp(argv[1], "compare") != 0)) {
        fprintf(stderr, "usage: drain discard|compare PORT SERVER_PID CONNECTIONS\n");
        return 2;
    }
    bool compares = strcmp(argv[1], "compare") == 0;
    pid_t server = (pid_t)atoi(argv[3]);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct server_cpu before = read_server_cpu(server);
    double began = now();
    uint64_t bytes = 0;
    for (int left = atoi(argv[4]); left > 0; left--) bytes += drain(&address, compares);
    double ended = now();
    struct server_cpu after = read_server_cpu(server);
    printf("{\"bytes\": %" PRIu64 ", \"cpuSeconds\": %.6f, \"wallSeconds\": %.6f}\n", bytes,
           after.clock_seconds - before.clock_seconds, ended - began);
    return 0;
}
