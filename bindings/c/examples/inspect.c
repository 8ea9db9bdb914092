/* Prints for each file whether it is protected, and each finding with its key and verdict.
 *
 *   cc -Iinclude examples/inspect.c -lrmsight -o inspect && ./inspect [--pst-child PROGRAM] FILE...
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rmsight.h"

static int failed(const char *what, RmsightStatus status) {
    RmsightText text = {0};
    if (status == RMSIGHT_STATUS_OK) return 0;
    rmsight_last_error(&text);
    fprintf(stderr, "%s: status %d: %.*s\n", what, (int)status, (int)text.len,
            text.data ? (const char *)text.data : "");
    return 1;
}

/* Returns the id of a column; ids never change, so a program may also store them. */
static uint32_t column(const char *name) {
    for (uint32_t id = 0; id < rmsight_column_count(); id++) {
        RmsightText found = {0};
        if (rmsight_column_name(id, &found) == RMSIGHT_STATUS_OK && found.len == strlen(name) &&
            memcmp(found.data, name, found.len) == 0)
            return id;
    }
    return UINT32_MAX;
}

static void print(uint64_t report, size_t row, const char *name) {
    RmsightText text = {0};
    if (rmsight_report_text(report, row, column(name), &text) == RMSIGHT_STATUS_OK)
        printf("  %s=%.*s", name, (int)text.len, (const char *)text.data);
}

int main(int argc, char **argv) {
    int undecided = 0;
    uint64_t inspector = 0;
    RmsightOptions options = {.size = sizeof options};
    if (rmsight_abi_version() != RMSIGHT_ABI_VERSION) {
        fprintf(stderr, "the library has another ABI version\n");
        return 2;
    }
    if (failed("open", rmsight_inspector_open(&options, &inspector))) return 2;
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "--pst-child") == 0) {
        const uint8_t *program = (const uint8_t *)argv[2];
        if (failed(argv[2], rmsight_inspector_set_pst_child(inspector, program, strlen(argv[2]), 0, 0)))
            return 2;
        first = 3;
    }
    for (int i = first; i < argc; i++) {
        const uint8_t *path = (const uint8_t *)argv[i];
        size_t len = strlen(argv[i]);
        RmsightCall call = {.size = sizeof call, .deadline_ms = 60000};
        RmsightDetection detection = {.size = sizeof detection};
        uint64_t report = 0;
        size_t rows = 0;
        if (failed(argv[i], rmsight_detect_path(inspector, path, len, &call, &detection))) {
            undecided = 1;
            continue;
        }
        printf("%s: %s, %s %s\n", argv[i],
               detection.protection == RMSIGHT_PROTECTION_RMS       ? "protected"
               : detection.protection == RMSIGHT_PROTECTION_UNKNOWN ? "undecided"
                                                                    : "not rights-protected",
               (const char *)detection.container, (const char *)detection.error_code);
        if (!detection.decided) undecided = 1;
        if (failed(argv[i], rmsight_inspect_path(inspector, path, len, &call, &report))) continue;
        rmsight_report_count(report, &rows);
        for (size_t row = 0; row < rows; row++) {
            print(report, row, "member");
            print(report, row, "slc_key");
            print(report, row, "need");
            print(report, row, "rule");
            printf("\n");
        }
        rmsight_report_close(report);
    }
    rmsight_inspector_close(inspector);
    return undecided;
}
