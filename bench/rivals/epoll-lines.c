// The limit for lines: C on level-triggered epoll finds each LF and answers the line. What came of a line that has not
// ended is kept for its connection; the answers to what one read brought leave in one send.
#define _GNU_SOURCE
#include "epoll.h"

enum { MAX_LINE_BYTES = 64 * 1024, READ_BYTES = 64 * 1024 };

struct beginning {
    char *bytes;
    size_t length;
};

static struct beginning beginnings[MAX_DESCRIPTORS];

static bool keep(struct beginning *beginning, const char *bytes, size_t length) {
    if (length > MAX_LINE_BYTES) return false;
    beginning->length = length;
    if (length == 0) return true;
    if (beginning->bytes == NULL && (beginning->bytes = malloc(MAX_LINE_BYTES)) == NULL) die("malloc");
    memcpy(beginning->bytes, bytes, length);
    return true;
}

static void opened(int fd) { beginnings[fd] = (struct beginning){0}; }
static void closed(int fd) { free(beginnings[fd].bytes); }

static bool answer(int fd) {
    static char input[MAX_LINE_BYTES + READ_BYTES], output[sizeof input];
    struct beginning *beginning = &beginnings[fd];
    if (beginning->length > 0) memcpy(input, beginning->bytes, beginning->length);
    ssize_t count = recv(fd, input + beginning->length, READ_BYTES, 0);
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    const char *end = input + beginning->length + count, *line = input, *lf;
    size_t answered = 0;
    // What came before had no LF.
    const char *from = input + beginning->length;
    while ((lf = memchr(from, '\n', (size_t)(end - from))) != NULL) {
        size_t length = (size_t)(lf - line);
        if (length > MAX_LINE_BYTES) return false;
        memcpy(output + answered, line, length);
        output[answered + length] = '\n';
        answered += length + 1;
        from = line = lf + 1;
    }
    return keep(beginning, line, (size_t)(end - line)) && (answered == 0 || send_whole(fd, output, answered));
}

int main(void) { serve_on_loopback(); }
