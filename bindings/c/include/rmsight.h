/* rmsight: finds rights-protected files and the keys that open them.
 *
 * Generated from bindings/c/src by the tests. Do not edit.
 * Rules of handles, strings, threads and forks: see the README of the C library. */

#ifndef RMSIGHT_H
#define RMSIGHT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// Version of this binary interface. It rises when a function, a struct or a column id changes in a way that
// a compiled caller would notice; new functions and columns do not raise it.
#define RMSIGHT_ABI_VERSION 1

// Result of a call.
enum RmsightStatus
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // The call succeeded.
  RMSIGHT_STATUS_OK = 0,
  // A required pointer is null.
  RMSIGHT_STATUS_NULL_ARGUMENT = 1,
  // A handle is 0, was closed, or is of another kind.
  RMSIGHT_STATUS_INVALID_HANDLE = 2,
  // The size of a struct, a buffer or a number of bytes is not valid.
  RMSIGHT_STATUS_INVALID_SIZE = 3,
  // A text is not valid UTF-8.
  RMSIGHT_STATUS_INVALID_UTF8 = 4,
  // A column, a row or the name of a limit does not exist.
  RMSIGHT_STATUS_NOT_FOUND = 5,
  // The column has another type.
  RMSIGHT_STATUS_WRONG_TYPE = 6,
  // The value is unknown or missing.
  RMSIGHT_STATUS_NO_VALUE = 7,
  // Another thread uses the inspector.
  RMSIGHT_STATUS_BUSY = 8,
  // The file could not be opened, or the system refused its size.
  RMSIGHT_STATUS_IO = 9,
  // The estate file has mistakes. `rmsight_last_error` returns all of them.
  RMSIGHT_STATUS_INVALID_ESTATE = 10,
  // An error inside the library. The inspector was closed. Please report it.
  RMSIGHT_STATUS_INTERNAL = 11,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum RmsightStatus RmsightStatus;
#else
typedef int32_t RmsightStatus;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Whether a file is protected.
enum RmsightProtection
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // The file was not read far enough to tell. Never treat it as `NONE`.
  RMSIGHT_PROTECTION_UNKNOWN = 0,
  // Not protected. Everything in the file was read.
  RMSIGHT_PROTECTION_NONE = 1,
  // Rights-protected.
  RMSIGHT_PROTECTION_RMS = 2,
  // Protected by a password.
  RMSIGHT_PROTECTION_PASSWORD = 3,
  // Protected by another security handler.
  RMSIGHT_PROTECTION_OTHER = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum RmsightProtection RmsightProtection;
#else
typedef int32_t RmsightProtection;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Type of a column.
enum RmsightColumnKind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // `rmsight_report_text`; every column can be read as text too.
  RMSIGHT_COLUMN_KIND_TEXT = 0,
  // `rmsight_report_int`
  RMSIGHT_COLUMN_KIND_INT = 1,
  // `rmsight_report_bool`
  RMSIGHT_COLUMN_KIND_BOOL = 2,
  // `rmsight_report_time`
  RMSIGHT_COLUMN_KIND_TIME = 3,
  // Names, read as text with spaces between them.
  RMSIGHT_COLUMN_KIND_LIST = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum RmsightColumnKind RmsightColumnKind;
#else
typedef int32_t RmsightColumnKind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// UTF-8 text that the library owns: a pointer and a length in bytes, without a NUL at the end.
typedef struct RmsightText {
  // First byte; null if `len` is 0.
  const uint8_t *data;
  // Number of bytes.
  size_t len;
} RmsightText;

// Options of an inspector. A zero is the default.
typedef struct RmsightOptions {
  // Size of this struct in bytes. The caller sets it.
  size_t size;
  // 1: small budgets, for a gateway that reads hostile files.
  uint8_t strict;
  // 1: signatures are not checked.
  uint8_t no_verify;
  // 1: only the head of each license is read. Implies `no_verify`.
  uint8_t quick;
  // 1: sensitivity labels outside of licenses are read.
  uint8_t labels;
  // 1: files inside of documents are inspected too.
  uint8_t deep;
  // 1: the SHA-256 of each license is computed.
  uint8_t fingerprint;
  // Zero.
  uint8_t reserved[2];
} RmsightOptions;

// Options of one call. A zero is the default.
typedef struct RmsightCall {
  // Size of this struct in bytes. The caller sets it.
  size_t size;
  // Handle of `rmsight_cancel_open`; 0: the call cannot be cancelled.
  uint64_t cancel;
  // Milliseconds after which the call ends with the error code `deadline`; 0: never.
  uint64_t deadline_ms;
} RmsightCall;

// Answer of `rmsight_detect_*`. Texts end with a NUL.
typedef struct RmsightDetection {
  // Size of this struct in bytes. The caller sets it before the call.
  size_t size;
  // An `RmsightProtection`.
  int32_t protection;
  // 1 if the question is answered: `protection` is not `UNKNOWN`.
  uint8_t decided;
  // 1 if the whole file was searched. A license ends the search early.
  uint8_t searched;
  // Zero.
  uint8_t reserved[2];
  // Format of the file or member that decided, such as `ooxml-irm`.
  uint8_t container[24];
  // Why something was not read, such as `truncated`; empty without an error.
  uint8_t error_code[40];
  // Key of the server that opens the file, `sha256:` and 64 hex digits; empty if unknown.
  uint8_t slc_key[80];
  // Offset of the error in the file; `UINT64_MAX` if it is unknown.
  uint64_t error_offset;
} RmsightDetection;

// Reads up to `len` bytes at `offset` into `buffer`. Returns the number of bytes, which is less than `len`
// only at the end, or a negative number for an error. It must not unwind.
typedef int64_t (*RmsightReadAt)(void *user, uint64_t offset, uint8_t *buffer, size_t len);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Returns `RMSIGHT_ABI_VERSION` of the library that is loaded. Compare it with that of the header.
uint32_t rmsight_abi_version(void);

// Returns the version of the library, such as `0.1.0`. The string is never freed.
struct RmsightText rmsight_version(void);

// Opens a cancel handle, by which another thread ends a call.
//
// # Safety
// `handle` is null or points to a `uint64_t` that may be written.
RmsightStatus rmsight_cancel_open(uint64_t *handle);

// Ends the calls that use the handle, now and later. Their records have the error code `cancelled`.
RmsightStatus rmsight_cancel_raise(uint64_t cancel);

// Closes a cancel handle. Calls that use it go on.
RmsightStatus rmsight_cancel_close(uint64_t cancel);

// Returns the number of columns. Ids begin at 0.
uint32_t rmsight_column_count(void);

// Returns the name of a column, such as `need`. The string is never freed.
//
// # Safety
// `name` is null or points to an `RmsightText` that may be written.
RmsightStatus rmsight_column_name(uint32_t id, struct RmsightText *name);

// Returns the type of a column, an `RmsightColumnKind`.
//
// # Safety
// `kind` is null or points to an `int32_t` that may be written.
RmsightStatus rmsight_column_kind(uint32_t id, int32_t *kind);

// Parses an estate file (TOML in UTF-8 or UTF-16) and opens it. If it has mistakes, `rmsight_last_error` returns
// all of them, one on each line.
//
// # Safety
// `data` points to `len` bytes. `estate` is null or points to a `uint64_t` that may be written.
RmsightStatus rmsight_estate_parse(const uint8_t *data,
                                   size_t len,
                                   uint64_t *estate);

// Judges the rows of a report with an estate, and opens the result as another report. No file is opened.
//
// # Safety
// `judged` is null or points to a `uint64_t` that may be written.
RmsightStatus rmsight_judge(uint64_t report,
                            uint64_t estate,
                            uint64_t *judged);

// Closes an estate.
RmsightStatus rmsight_estate_close(uint64_t estate);

// Opens an inspector. Keep it for many files: its buffers are reused. `options` may be null.
//
// # Safety
// `options` is null or points to a struct of the size that its first field states. `handle` is null or points
// to a `uint64_t` that may be written.
RmsightStatus rmsight_inspector_open(const struct RmsightOptions *options,
                                     uint64_t *handle);

// Sets one limit by its name: `steps` of the error code `limit-steps`.
//
// # Safety
// `name` points to `len` bytes.
RmsightStatus rmsight_inspector_set_limit(uint64_t inspector,
                                          const uint8_t *name,
                                          size_t len,
                                          uint64_t amount);

// Sets the program that reads Outlook data files in a separate process: the path of `rmsight-pst-child`. Each
// such file starts one. Without it these files have the error code `feature-off`; a `len` of 0 takes it away.
// `seconds` and `memory` (bytes) limit each process; 0 is the default: 600 seconds, 1 GiB.
//
// The status is `RMSIGHT_STATUS_IO` if there is no such file, and the inspector stays as it was.
//
// # Safety
// `path` points to `len` bytes.
RmsightStatus rmsight_inspector_set_pst_child(uint64_t inspector,
                                              const uint8_t *path,
                                              size_t len,
                                              uint64_t seconds,
                                              uint64_t memory);

// Closes an inspector.
RmsightStatus rmsight_inspector_close(uint64_t inspector);

// Detects whether the file at a path is rights-protected. The path is UTF-8 on Windows, and any bytes on other
// systems. `call` may be null.
//
// # Safety
// `path` points to `len` bytes. `call` is null or points to a struct of the size that its first field states.
// `detection` points to a struct of the size that its first field states, which may be written.
RmsightStatus rmsight_detect_path(uint64_t inspector,
                                  const uint8_t *path,
                                  size_t len,
                                  const struct RmsightCall *call,
                                  struct RmsightDetection *detection);

// Detects whether bytes in memory are a rights-protected file. `call` may be null.
//
// # Safety
// As for `rmsight_detect_path`.
RmsightStatus rmsight_detect_bytes(uint64_t inspector,
                                   const uint8_t *data,
                                   size_t len,
                                   const struct RmsightCall *call,
                                   struct RmsightDetection *detection);

// Detects whether the bytes that a callback reads are a rights-protected file. `call` may be null.
//
// # Safety
// As for `rmsight_detect_path`. `read` may be called with `user` until this function returns.
RmsightStatus rmsight_detect_callback(uint64_t inspector,
                                      RmsightReadAt read,
                                      void *user,
                                      uint64_t size,
                                      const struct RmsightCall *call,
                                      struct RmsightDetection *detection);

// Inspects the file at a path and opens its report. The path is UTF-8 on Windows, and any bytes on other
// systems. `call` may be null.
//
// # Safety
// `path` points to `len` bytes. `call` is null or points to a struct of the size that its first field states.
// `report` is null or points to a `uint64_t` that may be written.
RmsightStatus rmsight_inspect_path(uint64_t inspector,
                                   const uint8_t *path,
                                   size_t len,
                                   const struct RmsightCall *call,
                                   uint64_t *report);

// Inspects bytes in memory and opens their report. `call` may be null.
//
// # Safety
// As for `rmsight_inspect_path`.
RmsightStatus rmsight_inspect_bytes(uint64_t inspector,
                                    const uint8_t *data,
                                    size_t len,
                                    const struct RmsightCall *call,
                                    uint64_t *report);

// Inspects the bytes that a callback reads and opens their report. `call` may be null.
//
// # Safety
// As for `rmsight_inspect_path`. `read` may be called with `user` until this function returns.
RmsightStatus rmsight_inspect_callback(uint64_t inspector,
                                       RmsightReadAt read,
                                       void *user,
                                       uint64_t size,
                                       const struct RmsightCall *call,
                                       uint64_t *report);

// Returns the number of rows: at least one. The first rows belong to the file itself, the others to its members.
//
// # Safety
// `count` is null or points to a `size_t` that may be written.
RmsightStatus rmsight_report_count(uint64_t report,
                                   size_t *count);

// Returns a value of any column as text. The text is valid until the report is closed.
//
// # Safety
// `text` is null or points to an `RmsightText` that may be written.
RmsightStatus rmsight_report_text(uint64_t report,
                                  size_t row,
                                  uint32_t column,
                                  struct RmsightText *text);

// Returns a value of a column of integers.
//
// # Safety
// `number` is null or points to a `uint64_t` that may be written.
RmsightStatus rmsight_report_int(uint64_t report, size_t row, uint32_t column, uint64_t *number);

// Returns a value of a column of truth values: 0 or 1.
//
// # Safety
// `truth` is null or points to a `uint8_t` that may be written.
RmsightStatus rmsight_report_bool(uint64_t report, size_t row, uint32_t column, uint8_t *truth);

// Returns a value of a column of times: seconds since 1970-01-01T00:00:00Z.
//
// # Safety
// `seconds` is null or points to an `int64_t` that may be written.
RmsightStatus rmsight_report_time(uint64_t report, size_t row, uint32_t column, int64_t *seconds);

// Closes a report. Its texts are not valid any more.
RmsightStatus rmsight_report_close(uint64_t report);

// Returns the message of the last failed call of this thread, for people. It is valid until the next call of
// this thread fails.
//
// # Safety
// `text` points to an `RmsightText` that may be written.
RmsightStatus rmsight_last_error(struct RmsightText *text);

// Returns the meaning of a status. The string is never freed.
struct RmsightText rmsight_status_text(int32_t status);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* RMSIGHT_H */
