#!/usr/bin/env bash
# Runs the tests that have been built, and says at the end what failed: Tools/run-tests.sh SWIFT OPTION...
#
# The runner tells of each case when it starts and ends, which is thousands of lines with the failures
# anywhere among them. Its closing line stays the last one.

set -uo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT

swift=$1
shift
"$swift" test "$@" --skip-build --disable-xctest 2>&1 | tee "$log" | grep -v '^◇'
status=${PIPESTATUS[0]}
if [ "$status" != 0 ]; then
    printf '\nWhat failed:\n'
    # A failure's line, and the comment and the values that follow it.
    awk '/^✘/ { shown = 1; print; next } /^↳|^  |^\t/ { if (shown) print; next } /^[◇✔━↷]/ { shown = 0 } shown' \
        "$log" | grep -v '^✘ Test run with' | head -n 200
    grep -E '^[✘✔━] Test run with' "$log" || echo "The runner ended with $status before its closing line."
fi
exit "$status"
