// Puts the files of a folder on the disk and out of the page cache; ends with 1 where a page of them has stayed.
//
//   evict FOLDER
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what) {
    perror(what);
    exit(1);
}

enum { ATTEMPTS = 100, PAUSE_US = 10 * 1000 };

static size_t resident_pages(int fd, size_t length) {
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), pages = (length + page_bytes - 1) / page_bytes, resident = 0;
    if (pages == 0) return 0;
    unsigned char *map = malloc(pages);
    void *memory = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
    // mincore(2) brings no page in.
    if (map == NULL || memory == MAP_FAILED || mincore(memory, length, map) != 0) die("evict: mincore");
    for (size_t i = 0; i < pages; i++) resident += map[i] & 1;
    munmap(memory, length);
    free(map);
    return resident;
}

int main(int argc, char **argv) {
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        fprintf(stderr, "usage: evict FOLDER\n");
        return 2;
    }
    size_t resident = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        struct stat status;
        int fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &status) != 0) die(entry->d_name);
        if (S_ISREG(status.st_mode)) {
            // posix_fadvise(2): what is not on the disk yet stays.
            if (fsync(fd) != 0) die(entry->d_name);
            // Nor does a page that another core has in hand, for a moment.
            size_t left = 1;
            for (int attempt = 0; left > 0 && attempt < ATTEMPTS; attempt++) {
                if (attempt > 0) usleep(PAUSE_US);
                if ((errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)) != 0) die(entry->d_name);
                left = resident_pages(fd, (size_t)status.st_size);
            }
            resident += left;
        }
        close(fd);
    }
    if (resident > 0) fprintf(stderr, "evict: %zu pages have stayed in the page cache\n", resident);
    return resident > 0;
}
