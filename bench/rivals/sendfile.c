// Sends a file to each connection with sendfile(2), one after the other, and closes it.
// Usage: sendfile FILE. The port is the first line of output.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: sendfile FILE\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int file = open(argv[1], O_RDONLY | O_CLOEXEC);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0 || listener < 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
        perror("sendfile");
        return 1;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (peer < 0) continue;
        for (off_t offset = 0; offset < status.st_size;) {
            ssize_t sent = sendfile(peer, file, &offset, (size_t)(status.st_size - offset));
            if (sent == 0 || (sent < 0 && errno != EINTR)) break;
        }
        close(peer);
    }
}
