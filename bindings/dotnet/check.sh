#!/usr/bin/env bash
# Compiles the C# file, its example and its checks with Mono, and runs them over the corpus: check.sh [PROFILE]
# Compares the records of the example with those of the program, column by column. Exits with 77 if Mono cannot be
# installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
profile="${1:-release}"
source .ci/cross
command -v apt-get >/dev/null || command -v mcs >/dev/null || cross_missing "needs Mono (mcs, mono)"
command -v mcs >/dev/null && command -v mono >/dev/null || cross_install mono-mcs mono-runtime libmono-system-core4.0-cil

room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
bindings/c/package.sh "$room/sdk" "$profile"
cargo build --quiet --workspace --all-features --bins --profile "$profile"
case "$profile" in dev) folder=debug ;; *) folder="$profile" ;; esac
program="${CARGO_TARGET_DIR:-target}/$folder/rmsight"
export LD_LIBRARY_PATH="$room/sdk/lib"

mcs -unsafe -warnaserror -out:"$room/Records.exe" bindings/dotnet/Rmsight.cs bindings/dotnet/examples/Records.cs
mcs -unsafe -warnaserror -out:"$room/Checks.exe" bindings/dotnet/Rmsight.cs bindings/dotnet/tests/Checks.cs
mono "$room/Checks.exe" corpus

find corpus -type f -print0 | sort -z >"$room/files"
xargs -0 mono "$room/Records.exe" --pst-child "$room/sdk/libexec/rmsight-pst-child" <"$room/files" >"$room/dotnet.ndjson"
# The corpus contains damaged files, so the expected exit code is 1.
"$program" scan --quiet --format ndjson -j 1 -0 --files-from "$room/files" >"$room/program.ndjson" || [ $? -eq 1 ]
python3 .ci/same-records "$room/program.ndjson" "$room/dotnet.ndjson"
