#!/usr/bin/env bash
# Runs each fuzz target for SECONDS and prints a table of the results: ./run.sh SECONDS [TARGET]…
#
# The default is no sanitizer: the library has no unsafe code, and the targets check for panics, overflows,
# memory and time. SANITIZER=address inflates with zlib-rs, as the program does, under AddressSanitizer:
# zlib-rs has unsafe code.
#
# libFuzzer looks for new branches only. In the same time it finds more of them than with traced comparisons
# and counted loops (README.md). DEEP=1 turns both on, for runs of hours.
#
# Findings are written to artifacts/. Copy each to ../corpus/regressions/<target>/, which ordinary tests read.
set -euo pipefail
cd "$(dirname "$0")"
seconds="${1:?how many seconds for each target}"
shift
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  targets=(inspect compound pdf zip mail rpmsg irm xrml split pfile signature estate)
fi

sanitizer="${SANITIZER:-none}"
features=()
memory=1024
if [ "$sanitizer" != none ]; then
  # Sanitizers are a nightly feature. This variable enables them in a stable compiler.
  export RUSTC_BOOTSTRAP=1
  features=(--features zlib-rs)
  memory=4096
fi
build=(--no-trace-compares)
search=(-use_counters=0 -entropic=0)
if [ -n "${DEEP:-}" ]; then
  build=()
  search=()
fi
cargo fuzz build "${build[@]}" -s "$sanitizer" "${features[@]}"
mkdir -p corpus
failed=0
printf '%-10s %12s %9s %9s %9s %9s  %s\n' target executions per-second coverage corpus peak-MB findings
for target in "${targets[@]}"; do
  case "$target" in
    xrml | signature) dictionary=xrml ;;
    pdf | mail | estate) dictionary="$target" ;;
    *) dictionary=binary ;;
  esac
  # Longer inputs cost more than they find, because the targets build the large structures themselves.
  # These lengths exceed the first read and the budget of a piece.
  case "$target" in
    inspect | split | irm) longest=65536 ;;
    mail | rpmsg | pdf) longest=8192 ;;
    *) longest=16384 ;;
  esac
  mkdir -p "corpus/$target" "artifacts/$target"
  seeds=(../corpus/*/)
  if [ -d "../corpus/regressions/$target" ]; then
    seeds+=("../corpus/regressions/$target")
  fi
  log="artifacts/$target.log"
  status=0
  nice -n 19 cargo fuzz run "${build[@]}" -s "$sanitizer" "${features[@]}" "$target" "corpus/$target" "${seeds[@]}" -- \
    -max_total_time="$seconds" -dict="dictionaries/$dictionary.dict" -max_len="$longest" "${search[@]}" \
    -timeout=20 -rss_limit_mb="$memory" -print_final_stats=1 >"$log" 2>&1 || status=$?
  stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -n 1; }
  coverage="$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1 | cut -d' ' -f2)"
  held="$(grep -oE 'corp: [0-9]+' "$log" | tail -n 1 | cut -d' ' -f2)"
  found="$(find "artifacts/$target" -type f | wc -l)"
  printf '%-10s %12s %9s %9s %9s %9s  %s\n' "$target" "$(stat number_of_executed_units)" \
    "$(stat average_exec_per_sec)" "${coverage:--}" "${held:--}" "$(stat peak_rss_mb)" "$found"
  [ "$status" -eq 0 ] || failed=1
done
exit "$failed"
