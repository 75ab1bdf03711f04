#!/usr/bin/env bash
# Shows that wrong code is found: builds a copy of the sources that has every mutant of Tools/mutants.txt,
# one of which is chosen by SUPERVISE_MUTANT, and expects the unit tests or `supervise selftest` to fail
# under each.
#
#   Tools/mutants.sh [FIRST [LAST]]     the mutants of these numbers; default: all
#
# The copy is .build/mutants; one build, then about 5 seconds a mutant. Exit status 0 when none survived.

set -euo pipefail
cd "$(dirname "$0")/.."

first=${1:-1}
last=${2:-100000}
copy=.build/mutants
mkdir -p "$copy"
rm -rf "$copy"/{Sources,Tests,Fixtures,Package.swift}
cp -r Sources Tests Fixtures Package.swift "$copy"
python3 Tools/mutants.py "$copy" >"$copy/list"
cd "$copy"

# Only the unit tests of what is mutated: the others take long to build.
python3 - <<'EOF'
import re
text = open("Package.swift").read()
for name in ("SuperviseAuditTests", "SuperviseEndToEndTests", "SuperviseSelftestTests"):
    start = re.search(r'        \.testTarget\(\s*name: "%s"' % name, text).start()
    end = start
    depth = 0
    while True:
        depth += (text[end] == "(") - (text[end] == ")")
        end += 1
        if depth == 0 and text[end - 1] == ")":
            break
    text = text[:start] + text[end:].lstrip(",\n")
open("Package.swift", "w").write(text)
EOF
rm -rf Tests/SuperviseAuditTests Tests/SuperviseEndToEndTests Tests/SuperviseSelftestTests
swift build --manifest-cache none --build-tests >build.log 2>&1 || {
    grep -E 'error' build.log | sort -u | head -n 40
    exit 1
}
for product in supervise probe holding; do
    swift build --manifest-cache none --product "$product" >>build.log 2>&1
done

supervise=$PWD/.build/debug/supervise
cases=$PWD/Fixtures/semantics
tests=$PWD/.build/debug/supervisePackageTests.xctest

# unit: whether the unit tests pass. The selftest is asked only about what they let through.
unit() { timeout 120 "$tests" --testing-library swift-testing >unit.log 2>&1; }
semantics() { timeout 300 "$supervise" selftest --cases "$cases" "$@" >selftest.log 2>&1; }

unset SUPERVISE_MUTANT
unit || { tail -n 30 unit.log; echo "the tests fail without a mutant"; exit 1; }
semantics || { tail -n 30 selftest.log; echo "the selftest fails without a mutant"; exit 1; }

caught=0 survived=0
while IFS=$'\t' read -r number what; do
    [[ $number -ge $first && $number -le $last ]] || continue
    export SUPERVISE_MUTANT=$number
    if ! unit; then
        by="unit tests"
    elif ! semantics; then
        by="selftest"
    elif ! semantics --way logged || ! semantics --way guarded || ! semantics --way garbage; then
        by="selftest, another way"
    else
        survived=$((survived + 1))
        echo "SURVIVED $number $what"
        continue
    fi
    caught=$((caught + 1))
    echo "caught $number by the $by: $what"
done <list
echo "$caught caught, $survived survived"
[[ $survived -eq 0 ]]
