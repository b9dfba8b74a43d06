// Runs a command, and tells on descriptor 3 what CPU time it took in all, in a line of JSON. Ends as the command does,
// and the command with it.
//
//   spend COMMAND [ARGUMENT ...]
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPORT = 3, NOT_RUN = 127 };

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec * 1e-6; }

int main(int argc, char **argv) {
    if (argc < 2 || fcntl(REPORT, F_SETFD, FD_CLOEXEC) != 0) {
        fprintf(stderr, "usage: spend COMMAND [ARGUMENT ...], with descriptor 3 open\n");
        return 2;
    }
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(NOT_RUN);
    }
    int status;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        perror("spend");
        return 1;
    }
    dprintf(REPORT, "{\"cpuSeconds\": %.6f}\n", seconds(usage.ru_utime) + seconds(usage.ru_stime));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
