// The limit: what C pays that receives as many datagrams as there are with one call, and answers them with one.
// Usage: datagrams
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST = 32, DATAGRAM_BYTES = 64 * 1024 };

static char memory[MOST][DATAGRAM_BYTES];
static struct sockaddr_in addresses[MOST];
static struct iovec vectors[MOST];
static struct mmsghdr messages[MOST];

static void die(const char *what) {
    perror(what);
    exit(1);
}

int main(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) die("datagrams: bind");
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) die("datagrams: getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        for (int i = 0; i < MOST; i++) {
            vectors[i] = (struct iovec){memory[i], DATAGRAM_BYTES};
            messages[i].msg_hdr = (struct msghdr){&addresses[i], sizeof addresses[i], &vectors[i], 1, NULL, 0, 0};
        }
        int count = recvmmsg(fd, messages, MOST, MSG_WAITFORONE, NULL);
        if (count < 0 && errno != EINTR) die("datagrams: recvmmsg");
        for (int i = 0; i < count; i++) vectors[i].iov_len = messages[i].msg_len;
        for (int sent = 0; sent < count;) {
            int now = sendmmsg(fd, messages + sent, (unsigned)(count - sent), 0);
            if (now < 0) die("datagrams: sendmmsg");
            sent += now;
        }
    }
}
