// The CPU time, user and system, that the kernel has charged to another process:
// all its threads, those that have ended included.
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

struct server_cpu {
  double clock_seconds;  // in nanoseconds, the sum that /proc/PID/task/*/schedstat shows: clock_getcpuclockid(3)
  double tick_seconds;   // utime + stime of /proc/PID/stat, in ticks of 10 ms, the cross-check: proc(5)
};

static struct server_cpu read_server_cpu(pid_t pid) {
  struct server_cpu cpu = {0};
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    fprintf(stderr, "load: process %d has no CPU clock: it has ended\n", (int)pid);
    exit(1);
  }
  cpu.clock_seconds = (double)time.tv_sec + (double)time.tv_nsec * 1e-9;

  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *file = fopen(path, "re");
  if (file == NULL || fgets(line, sizeof line, file) == NULL) {
    perror(path);
    exit(1);
  }
  fclose(file);
  // The second field is the program's name in brackets and may hold anything: count from behind the last bracket.
  const char *fields = strrchr(line, ')');
  unsigned long long user, system;
  const char *format = " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu";
  if (fields == NULL || sscanf(fields + 1, format, &user, &system) != 2) {
    fprintf(stderr, "load: %s is not as proc(5) says\n", path);
    exit(1);
  }
  cpu.tick_seconds = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
  return cpu;
}
