#!/usr/bin/env bash
# Builds the C library and installs it into a folder: package.sh PREFIX [PROFILE]
set -euo pipefail
cd "$(dirname "$0")/../.."
prefix="${1:?usage: package.sh PREFIX [PROFILE]}"
profile="${2:-release}"
# Not in one call: the library does not need what the program enables in crates that both use.
cargo build --quiet --locked -p rmsight-c --profile "$profile"
cargo build --quiet --locked -p rmsight-pst --profile "$profile"
case "$profile" in dev) folder=debug ;; *) folder="$profile" ;; esac
built="${CARGO_TARGET_DIR:-target}/$folder"
version="$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
mkdir -p "$prefix/lib/pkgconfig" "$prefix/include" "$prefix/libexec" "$prefix/share/doc/rmsight"
prefix="$(cd "$prefix" && pwd)"
cp "$built/librmsight_c.so" "$prefix/lib/librmsight.so.$version"
ln -sf "librmsight.so.$version" "$prefix/lib/librmsight.so.1"
ln -sf librmsight.so.1 "$prefix/lib/librmsight.so"
cp "$built/librmsight_c.a" "$prefix/lib/librmsight.a"
cp "$built/rmsight-pst-child" "$prefix/libexec/"
if [ "$profile" = release ]; then
  strip --strip-unneeded "$prefix/lib/librmsight.so.$version" "$prefix/libexec/rmsight-pst-child"
  strip --strip-debug "$prefix/lib/librmsight.a"
fi
cp bindings/c/include/rmsight.h "$prefix/include/"
sed -e "s|@PREFIX@|$prefix|" -e "s|@VERSION@|$version|" bindings/c/rmsight.pc.in > "$prefix/lib/pkgconfig/rmsight.pc"
cp LICENSE-APACHE LICENSE-MIT bindings/c/README.md "$prefix/share/doc/rmsight/"
bindings/third-party.py --package rmsight-c > "$prefix/share/doc/rmsight/THIRD-PARTY.txt"
