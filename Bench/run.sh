#!/usr/bin/env bash
# Measures supervise against native, floors in C and other tools, and writes Bench/results.md.
#
#   Bench/run.sh [PATH OF SUPERVISE] [ROUNDS] [PART OF A TITLE]
#
# The candidates of a comparison take turns, round by round, and ratios are taken within a round, so
# that what else the machine does falls on all of them. The ratios are compared with the targets. With
# a part of a title only those comparisons are made, and printed.

set -euo pipefail

cd "$(dirname "$0")/.."
supervise=$(realpath "${1:-.build/release/supervise}")
out=Bench/out
mkdir -p "$out"
for source in Bench/floors/*.c; do
    cc -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -pthread -o "$out/$(basename "$source" .c)" "$source"
done
# The distribution's, which has its packages.
exec /usr/bin/python3 -B Bench/measure.py "$supervise" "$out" "${2:-12}" Bench/results.md "${3:-}"
