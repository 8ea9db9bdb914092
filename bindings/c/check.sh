#!/usr/bin/env bash
# Builds the C library and its examples, and runs them over the corpus: shared, static, under AddressSanitizer
# and under valgrind (where it is installed). Compares the exported symbols with symbols.txt.
set -euo pipefail
cd "$(dirname "$0")"
room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
./package.sh "$room/sdk" "${1:-release}"
export PKG_CONFIG_PATH="$room/sdk/lib/pkgconfig" LD_LIBRARY_PATH="$room/sdk/lib"
flags="$(pkg-config --cflags --libs rmsight 2>/dev/null || echo "-I$room/sdk/include -L$room/sdk/lib -lrmsight")"
corpus=(../../corpus/containers/*.docx ../../corpus/containers/*.pdf)

nm -D --defined-only "$room/sdk/lib/librmsight.so" | awk '$2 == "T" {print $3}' | grep '^rmsight_' | sort > "$room/symbols"
if [ -n "${RMSIGHT_BLESS:-}" ]; then cp "$room/symbols" symbols.txt; fi
diff symbols.txt "$room/symbols"

# shellcheck disable=SC2086
cc -std=c11 -Wall -Wextra -Werror examples/inspect.c $flags -o "$room/inspect"
# shellcheck disable=SC2086
c++ -std=c++17 -Wall -Wextra -Werror examples/judge.cpp $flags -o "$room/judge"
cc -std=c11 -I"$room/sdk/include" examples/inspect.c "$room/sdk/lib/librmsight.a" -lpthread -ldl -lm -o "$room/static"
# shellcheck disable=SC2086
cc -std=c11 -g -fsanitize=address,undefined examples/inspect.c $flags -o "$room/asan"
# shellcheck disable=SC2086
c++ -std=c++17 -g -fsanitize=address,undefined examples/judge.cpp $flags -o "$room/judge-asan"

"$room/inspect" "${corpus[@]}" > "$room/shared.txt" || [ $? -eq 1 ]
grep -q '^.*ooxml-chain8.docx: protected, ooxml-irm' "$room/shared.txt"
for program in static asan; do
  "$room/$program" "${corpus[@]}" > "$room/$program.txt" || [ $? -eq 1 ]
  diff "$room/shared.txt" "$room/$program.txt"
done
key="$(sed -n 's/.*slc_key=\(sha256:[0-9a-f]*\).*/\1/p' "$room/shared.txt" | head -n 1)"
printf '[[authority]]\nname = "Old"\nkind = "ad-rms"\n[[authority.key]]\nslc_key = "%s"\nstatus = "active"\n' "$key" > "$room/estate.toml"

# Outlook data files: undecided without the program that reads them.
mailbox=../../corpus/containers/mailbox.pst
"$room/inspect" "$mailbox" >"$room/mailbox.txt" || [ $? -eq 1 ]
grep -q 'mailbox.pst: undecided' "$room/mailbox.txt"
"$room/inspect" --pst-child "$room/sdk/libexec/rmsight-pst-child" "$mailbox" >"$room/mailbox.txt"
grep -q 'mailbox.pst: protected' "$room/mailbox.txt"

for program in judge judge-asan; do
  "$room/$program" "$room/estate.toml" "${corpus[@]}" | grep -q ' yes Old$'
done
if command -v valgrind >/dev/null; then
  check=(valgrind --quiet --leak-check=full --error-exitcode=99)
  "${check[@]}" "$room/inspect" "${corpus[@]:0:8}" >/dev/null || [ $? -eq 1 ]
  "${check[@]}" "$room/judge" "$room/estate.toml" "${corpus[@]:0:8}" >/dev/null || [ $? -eq 1 ]
else
  echo "valgrind is not installed: skipped"
fi
echo "the C library passes"
