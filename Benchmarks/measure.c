/*
 * Runs a program and writes what it used, as one JSON object, to a file.
 *
 * A process of its own, and a small one: the peak of memory that the kernel tells of a child begins with that of the
 * process it was forked from.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval time) {
    return time.tv_sec + time.tv_usec / 1e6;
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: measure RESULT PROGRAM [ARGUMENT ...]\n");
        return 64;
    }
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    pid_t child = fork();
    if (child == 0) {
        execvp(arguments[2], arguments + 2);
        fprintf(stderr, "measure: cannot run %s: %s\n", arguments[2], strerror(errno));
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        fprintf(stderr, "measure: %s\n", strerror(errno));
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);

    FILE *result = fopen(arguments[1], "w");
    if (!result) {
        fprintf(stderr, "measure: cannot write %s: %s\n", arguments[1], strerror(errno));
        return 1;
    }
    fprintf(result, "{\"wall\":%.4f,\"cpu\":%.4f,\"rss\":%lld}\n",
        end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9,
        seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss * 1024LL);
    fclose(result);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
