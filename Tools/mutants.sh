#!/usr/bin/env bash
# Shows that wrong code is found: builds a copy of the sources that has every mutant of Tools/mutants.txt,
# one of which is chosen by SUPERVISE_MUTANT, and expects the unit tests or `supervise selftest` to fail
# under each.
#
#   Tools/mutants.sh [FIRST [LAST]]     the mutants of these numbers; default: all
#
# The copy is .build/mutants: one build, then a few seconds a mutant. What became of each is kept in
# .build/mutants.new/results; a run that was cut short goes on from there, as long as no source, test or case has
# changed. Exit status 0 when none survived.

set -euo pipefail
cd "$(dirname "$0")/.."

first=${1:-1}
last=${2:-100000}
copy=$PWD/.build/mutants.new tree=$PWD/.build/mutants
mkdir -p "$copy" "$tree"
touch "$copy/results"
python3 Tools/mutants.py "$tree" >"$copy/list"
# What has changed has to be tried again.
if ! cmp -s "$tree/sum" "$copy/sum"; then
    : >"$copy/results"
    cp "$tree/sum" "$copy/sum"
fi
cd "$tree"
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

# Cheapest first, each asked only about what the ones before let through. A mutant that makes one hang is
# caught by it.
slow='AgreementTests|PreparedPolicyTests|UnknownTests|RangeGuardTests|EscapedTextTests|garbage|roundTrip|random'
# run: tests, to their end or the first that fails.
run() {
    timeout 300 "$tests" --testing-library swift-testing "$@" 2>&1 | tee unit.log | grep -m1 '^✘' >/dev/null && return 1
    return "${PIPESTATUS[0]}"
}
quick() { run --filter 'Supervise(Policy|Filter)Tests' --skip "$slow"; }
pure() { run --filter 'Supervise(Policy|Filter)Tests'; }
# These start programs, which only tests that come to their end take away.
unit() { timeout 300 "$tests" --testing-library swift-testing --filter SuperviseTracerTests >unit.log 2>&1; }
semantics() { timeout -k 5 900 "$supervise" selftest --until-failure --seconds 120 --cases "$cases" "$@" >selftest.log 2>&1; }

# by: what finds the mutant that is chosen, nothing where nothing does. A machine that has no time looks like a
# mutant that hangs, so that is told apart.
by() {
    quick || { echo "quick tests of policy and filter$(late $?)"; return; }
    pure || { echo "tests of policy and filter$(late $?)"; return; }
    unit || { echo "tests of the tracer's parts$(late $?)"; return; }
    # Most rows are the same in every profile.
    semantics --profile rlimit-network || { echo "selftest$(late $?)"; return; }
    semantics || { echo "selftest$(late $?)"; return; }
    local way
    for way in logged guarded garbage limited flagged; do
        semantics --way "$way" --profile rlimit-network || { echo "selftest --way $way$(late $?)"; return; }
    done
}
late() { [[ $1 -ne 124 ]] || echo ", which does not end"; }

if [[ ! -s $copy/results ]]; then
    found=$(SUPERVISE_MUTANT=0 by)
    [[ -z $found ]] || { echo "without a mutant: $found failed"; exit 1; }
    echo "nothing fails without a mutant" | tee "$copy/results"
fi
while IFS=$'\t' read -r number what; do
    [[ $number -ge $first && $number -le $last ]] || continue
    if line=$(grep -m1 -E "^[a-zA-Z]+ $number[ :]" "$copy/results"); then
        echo "$line"
        continue
    fi
    found=$(SUPERVISE_MUTANT=$number by </dev/null)
    if [[ -n $found ]]; then
        echo "caught $number by $found: $what"
    else
        echo "SURVIVED $number: $what"
    fi | tee -a "$copy/results"
done <"$copy/list"
echo
sed -nE 's/^caught [0-9]+ by ([^:]*): .*/caught by \1/p; s/^SURVIVED.*/survived/p' "$copy/results" | sort | uniq -c
if grep -q '^SURVIVED' "$copy/results"; then exit 1; fi
