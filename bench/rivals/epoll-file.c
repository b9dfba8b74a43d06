// Answers each request with a head and a file: send(MSG_MORE), sendfile(2) until EAGAIN, then EPOLLOUT.
// Usage: epoll-file file FILE         the file is open
//        epoll-file file-path FILE    it is opened, and closed, for each answer
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "../pattern.h"
#include "epoll.h"

enum { HEAD_BYTES = 200 };

struct sending {
    int file;
    off_t offset, end;  // equal while there is nothing to send
};

static const char *path;
static bool opens_each;
static struct sending whole;  // of the file that is open
static struct sending sendings[MAX_DESCRIPTORS];
static char head[HEAD_BYTES];

static bool open_file(struct sending *sending) {
    struct stat status;
    *sending = (struct sending){.file = open(path, O_RDONLY | O_CLOEXEC)};
    if (sending->file < 0 || fstat(sending->file, &status) != 0) return false;
    sending->end = status.st_size;
    return true;
}

static bool is_sending(int fd) { return sendings[fd].offset < sendings[fd].end; }

static void opened(int fd) { sendings[fd] = (struct sending){0}; }
static void closed(int fd) {
    if (opens_each && is_sending(fd)) close(sendings[fd].file);
}

static bool answer(int fd) {
    struct sending *sending = &sendings[fd];
    bool has_waited = is_sending(fd);
    if (!has_waited) {
        char request[MESSAGE_BYTES];
        ssize_t count = recv(fd, request, sizeof request, 0);
        if (count < 0) return errno == EAGAIN;
        if (count == 0) return false;
        if (!opens_each) *sending = whole;
        else if (!open_file(sending)) return false;
        // The peer has taken the answer before: so much there is room for.
        if (send(fd, head, sizeof head, MSG_NOSIGNAL | MSG_MORE) != sizeof head) return false;
    }
    while (is_sending(fd)) {
        ssize_t sent = sendfile(fd, sending->file, &sending->offset, (size_t)(sending->end - sending->offset));
        if (sent == 0 || (sent < 0 && errno != EAGAIN)) return false;
        if (sent < 0) {
            if (!has_waited) wait_for(fd, EPOLLOUT);
            return true;
        }
    }
    if (opens_each) close(sending->file);
    if (has_waited) wait_for(fd, EPOLLIN);
    return true;
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    opens_each = strcmp(argv[1], "file-path") == 0;
    path = argv[2];
    if (!opens_each && !open_file(&whole)) die(path);
    fill_pattern(head, sizeof head);
    serve_on_loopback();
}
