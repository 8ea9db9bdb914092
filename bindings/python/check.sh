#!/usr/bin/env bash
# Builds the wheel, installs it into a fresh virtual environment, and runs all tests: check.sh [PROFILE]
#
# With RMSIGHT_SLOW_ENGINE=1, which `.ci/long` sets, it starts Spark too: 600 MB of packages, Java, and ten minutes.
set -euo pipefail
cd "$(dirname "$0")"
top="$(cd ../.. && pwd)"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$top/target/python}"
room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/env" || { echo "skipped: python3 with the module venv is not installed"; exit 77; }
packages=(pytest pyarrow polars pandas msoffcrypto-tool python-pptx openpyxl)
if [ "${RMSIGHT_SLOW_ENGINE:-}" = 1 ]; then
  command -v java >/dev/null || { echo "skipped: Java is not installed"; exit 77; }
  packages+=('pyspark>=4,<5')
fi
"$room/env/bin/pip" install --quiet "${packages[@]}" || { echo "skipped: a package cannot be installed"; exit 77; }
rm -rf "$top/target/wheels"
PROFILE="${1:-release}" ./build.sh
"$room/env/bin/pip" install --quiet --no-index "$top"/target/wheels/*.whl
if [ "${RMSIGHT_SLOW_ENGINE:-}" = 1 ] && [ -z "${RMSIGHT_TREE:-}" ]; then
  (unset CARGO_TARGET_DIR; cd "$top" &&
    cargo run --quiet -p rmsight-specimen --example make_tree -- "$room/tree" 10000)
  export RMSIGHT_TREE="$room/tree"
fi
"$room/env/bin/pytest" --quiet tests
"$room/env/bin/python" tests/smoke.py
# The oldest and the newest Python that are installed take the same wheel.
for python in python3.10 python3.15 python3.14 python3.13; do
  found=
  for candidate in "$(command -v "$python" || true)" ~/.pyenv/versions/"${python#python}".*/bin/python; do
    # A shim of pyenv exists for versions that are not selected, and fails.
    [ -x "$candidate" ] && "$candidate" --version >/dev/null 2>&1 && found="$candidate"
  done
  [ -n "$found" ] || continue
  "$found" -m venv "$room/$python"
  "$room/$python/bin/pip" install --quiet --no-index "$top"/target/wheels/*.whl
  "$room/$python/bin/python" tests/smoke.py
  [ "$python" = python3.10 ] || break
done
