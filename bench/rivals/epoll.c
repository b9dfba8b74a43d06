// The limit: what C on level-triggered epoll pays. Usage: epoll echo|pipeline
//
// Nothing is kept per connection.
#define _GNU_SOURCE
#include "epoll.h"

static size_t bytes_per_send;

static void opened(int fd) { (void)fd; }
static void closed(int fd) { (void)fd; }

static bool answer(int fd) {
    static char buffer[64 * 1024];
    ssize_t count = recv(fd, buffer, sizeof buffer, 0);
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    for (size_t at = 0; at < (size_t)count; at += bytes_per_send) {
        size_t left = (size_t)count - at;
        if (!send_whole(fd, buffer + at, left < bytes_per_send ? left : bytes_per_send)) return false;
    }
    return true;
}

int main(int argc, char **argv) {
    bytes_per_send = argc > 1 && strcmp(argv[1], "pipeline") == 0 ? MESSAGE_BYTES : SIZE_MAX / 2;
    serve_on_loopback();
}
