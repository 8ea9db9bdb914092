#!/usr/bin/env bash
# Builds wheels into target/wheels: build.sh [PLATFORM...], by default linux-x86_64.
#
#   linux-x86_64     manylinux2014, linked by zig (a package of PyPI), so that it runs on old distributions
#   linux-aarch64    the same. It needs the standard library: rustup target add aarch64-unknown-linux-gnu
#   windows-x86_64   win_amd64. It needs MinGW, and: rustup target add x86_64-pc-windows-gnu
#
# One wheel serves all versions of Python from 3.10 (abi3). PROFILE replaces the profile `release`.
set -euo pipefail
cd "$(dirname "$0")"
top="$(cd ../.. && pwd)"
profile="${PROFILE:-release}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$top/target/python}"
# Wheels of the same commit are the same bytes.
SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
export SOURCE_DATE_EPOCH

tools="$CARGO_TARGET_DIR/tools"
if [ ! -x "$tools/bin/maturin" ]; then
  python3 -m venv "$tools" || { echo "skipped: python3 with the module venv is not installed"; exit 77; }
  "$tools/bin/pip" install --quiet 'maturin>=1.16,<2' 'ziglang>=0.13,<0.18' \
    || { rm -rf "$tools"; echo "skipped: maturin or ziglang cannot be installed"; exit 77; }
fi
export PATH="$tools/bin:$PATH"

# The texts of licenses are part of the wheel (pyproject.toml, license-files). They are not committed here.
cp "$top/LICENSE-APACHE" "$top/LICENSE-MIT" .

wheel() {
  local target="$1"
  shift
  "$top/bindings/third-party.py" --manifest-path Cargo.toml --target "$target" > THIRD-PARTY.txt
  maturin build --quiet --locked --profile "$profile" --out "$top/target/wheels" --target "$target" "$@"
}

for platform in "${@:-linux-x86_64}"; do
  case "$platform" in
    linux-x86_64) wheel x86_64-unknown-linux-gnu --zig --compatibility manylinux2014 ;;
    linux-aarch64) wheel aarch64-unknown-linux-gnu --zig --compatibility manylinux2014 ;;
    windows-x86_64) wheel x86_64-pc-windows-gnu ;;
    *) echo "unknown platform: $platform"; exit 2 ;;
  esac
done
ls -l "$top/target/wheels"
