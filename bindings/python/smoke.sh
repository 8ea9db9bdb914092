#!/usr/bin/env bash
# A fast check of the Python package in the dev profile, without pip, maturin and other packages. It needs python3,
# else it prints a message and exits with 77. check.sh is the whole check.
set -euo pipefail
cd "$(dirname "$0")"
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
  echo "skipped: Python 3.10 or later is not installed"
  exit 77
fi
target="${CARGO_TARGET_DIR:-$PWD/../../target/python}"
CARGO_TARGET_DIR="$target" PYO3_BUILD_EXTENSION_MODULE=1 cargo build --quiet --locked
room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
cp -r python/rmsight "$room"
cp "$target/debug/lib_rmsight.so" "$room/rmsight/_rmsight.abi3.so"
PYTHONPATH="$room" python3 tests/smoke.py
