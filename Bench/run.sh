#!/usr/bin/env bash
# Measures supervise against native, bare filters and strace, and writes Bench/results.md.
#
#   Bench/run.sh [PATH OF SUPERVISE] [ROUNDS]
#
# The candidates of a comparison take turns, round by round, and ratios are taken within a round, so
# that what else the machine does falls on all of them. The ratios are compared with the targets.

set -euo pipefail

cd "$(dirname "$0")/.."
supervise=$(realpath "${1:-.build/release/supervise}")
rounds=${2:-25}
out=Bench/out
mkdir -p "$out"
for source in Bench/floors/*.c; do
    cc -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$out/$(basename "$source" .c)" "$source"
done
exec python3 Bench/measure.py "$supervise" "$out" "$rounds" Bench/results.md
