#!/usr/bin/env bash
# Builds the wheel, installs it into a fresh virtual environment, and runs the tests: check.sh [PROFILE]
set -euo pipefail
cd "$(dirname "$0")"
profile="${1:-release}"
room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/env" || { echo "python3 with the module venv is not installed: skipped"; exit 77; }
"$room/env/bin/pip" install --quiet 'maturin>=1.16,<2' pytest pyarrow polars \
  || { echo "a package of the tests cannot be installed: skipped"; exit 77; }
CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/../../target/python}" \
  "$room/env/bin/maturin" build --quiet --locked --profile "$profile" -i "$room/env/bin/python" -o "$room/wheels"
ls -l "$room"/wheels/*.whl
"$room/env/bin/pip" install --quiet --no-index "$room"/wheels/*.whl
"$room/env/bin/pytest" --quiet tests
"$room/env/bin/python" - <<'EOF'
import doctest
import rmsight
from rmsight import _rmsight
for module in (rmsight, _rmsight):
    assert doctest.testmod(module).failed == 0
EOF
