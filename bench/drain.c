// Takes all that one connection sends, and throws it away; then one line of JSON.
//
//   drain PORT SERVER_PID
//
// The server's CPU time is read here, before the connection and after its end, so that time and bytes belong together.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server-cpu.h"

enum { PIECE_BYTES = 1 << 20 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: drain PORT SERVER_PID\n");
        return 2;
    }
    pid_t server = (pid_t)atoi(argv[2]);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct server_cpu before = read_server_cpu(server);
    double began = now();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("drain: connect");
        return 1;
    }
    uint64_t bytes = 0;
    for (;;) {
        // tcp(7): with MSG_TRUNC the bytes are discarded, and not copied.
        ssize_t count = recv(fd, NULL, PIECE_BYTES, MSG_TRUNC);
        if (count == 0) break;
        if (count < 0 && errno != EINTR) {
            perror("drain: recv");
            return 1;
        }
        if (count > 0) bytes += (uint64_t)count;
    }
    double ended = now();
    struct server_cpu after = read_server_cpu(server);
    printf("{\"bytes\": %" PRIu64 ", \"cpuSeconds\": %.6f, \"wallSeconds\": %.6f}\n", bytes,
           after.clock_seconds - before.clock_seconds, ended - began);
    return 0;
}
