/* Measures rmsight_detect_path on each file of a list, one path a line: latency LIST ROUNDS
 *
 * Prints the nanoseconds of each call. bindings/latency.py compares them with those of Rust and Python.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rmsight.h"

enum { MAX_FILES = 100000 };

int main(int argc, char **argv) {
    static char *paths[MAX_FILES];
    size_t count = 0, size = 0;
    uint64_t inspector = 0;
    char *line = NULL;
    FILE *list = argc == 3 ? fopen(argv[1], "r") : NULL;
    if (!list) {
        fprintf(stderr, "usage: latency LIST ROUNDS\n");
        return 2;
    }
    while (count < MAX_FILES && getline(&line, &size, list) > 0) {
        line[strcspn(line, "\n")] = 0;
        paths[count++] = strdup(line);
    }
    if (rmsight_inspector_open(NULL, &inspector) != RMSIGHT_STATUS_OK) return 2;
    /* The first round fills caches. */
    for (int round = 0; round <= atoi(argv[2]); round++) {
        for (size_t at = 0; at < count; at++) {
            RmsightDetection found = {.size = sizeof found};
            struct timespec start, end;
            clock_gettime(CLOCK_MONOTONIC, &start);
            if (rmsight_detect_path(inspector, (const uint8_t *)paths[at], strlen(paths[at]), NULL, &found) !=
                RMSIGHT_STATUS_OK)
                return 1;
            clock_gettime(CLOCK_MONOTONIC, &end);
            if (round)
                printf("%lld\n", (end.tv_sec - start.tv_sec) * 1000000000LL + (end.tv_nsec - start.tv_nsec));
        }
    }
    rmsight_inspector_close(inspector);
    return 0;
}
