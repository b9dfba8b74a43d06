// The limit for a broadcast: C on level-triggered epoll sends what a connection brings to all of them.
#define _GNU_SOURCE
#include "epoll.h"

static int members[MAX_DESCRIPTORS];
static size_t count;

static void opened(int fd) { members[count++] = fd; }

static void closed(int fd) {
    size_t at = 0;
    while (members[at] != fd) at++;
    members[at] = members[--count];
}

static bool answer(int fd) {
    static char buffer[64 * 1024];
    ssize_t length = recv(fd, buffer, sizeof buffer, 0);
    if (length < 0) return errno == EAGAIN;
    if (length == 0) return false;
    // Whoever is gone is found by its own event.
    for (size_t at = 0; at < count; at++) send_whole(members[at], buffer, (size_t)length);
    return true;
}

int main(void) { serve_on_loopback(); }
