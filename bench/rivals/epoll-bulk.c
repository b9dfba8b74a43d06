// Answers each request with BYTES of one buffer: sends until EAGAIN, then waits for EPOLLOUT.
// Usage: epoll-bulk bulk BYTES
#define _GNU_SOURCE
#include "../pattern.h"
#include "epoll.h"

static char *page;
static size_t page_bytes;
static size_t unsent[MAX_DESCRIPTORS];

static void opened(int fd) { unsent[fd] = 0; }
static void closed(int fd) { (void)fd; }

static bool answer(int fd) {
    bool has_waited = unsent[fd] > 0;
    if (!has_waited) {
        char request[MESSAGE_BYTES];
        ssize_t count = recv(fd, request, sizeof request, 0);
        if (count < 0) return errno == EAGAIN;
        if (count == 0) return false;
        unsent[fd] = page_bytes;
    }
    while (unsent[fd] > 0) {
        ssize_t sent = send(fd, page + page_bytes - unsent[fd], unsent[fd], MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return false;
        if (sent < 0) {
            if (!has_waited) wait_for(fd, EPOLLOUT);
            return true;
        }
        unsent[fd] -= (size_t)sent;
    }
    if (has_waited) wait_for(fd, EPOLLIN);
    return true;
}

int main(int argc, char **argv) {
    if (argc != 3 || (page_bytes = strtoul(argv[2], NULL, 10)) == 0 || (page = malloc(page_bytes)) == NULL) return 2;
    fill_pattern(page, page_bytes);
    serve_on_loopback();
}
