#!/usr/bin/env bash
# Shows that wrong code is found: builds a copy of the sources that has every mutant of Tools/mutants.txt,
# one of which is chosen by SUPERVISE_MUTANT, and expects the unit tests or `supervise selftest` to fail
# under each.
#
#   Tools/mutants.sh [FIRST [LAST]]     the mutants of these numbers; default: all
#
# The copy is .build/mutants: one build, then a few seconds a mutant. What became of each is kept in
# .build/mutants.new/results, and a run that was cut short goes on from there. A mutant that survived is tried
# again when a test or a case has changed, all of them when a source has, or after `rm -r .build/mutants.new`.
# Exit status 0 when none survived.

set -euo pipefail
cd "$(dirname "$0")/.."

first=${1:-1}
last=${2:-100000}
copy=$PWD/.build/mutants.new tree=$PWD/.build/mutants
mkdir -p "$copy/passed" "$tree"
touch "$copy/results"
python3 Tools/mutants.py "$tree" >"$copy/list"

# changed: whether the files of the copy that these patterns name are others than at the last time.
changed() {
    grep -E " $1/" "$tree/sum" >"$copy/$1.new" || true
    ! cmp -s "$copy/$1.new" "$copy/$1.sum"
}
if changed Sources; then rm -rf "$copy"/{results,passed}; fi
if changed Tests || changed Fixtures; then
    rm -rf "$copy/passed"
    [[ ! -e $copy/results ]] || sed -i '/^SURVIVED/d' "$copy/results"
fi
mkdir -p "$copy/passed"
touch "$copy/results"
for part in Sources Tests Fixtures; do grep -E " $part/" "$tree/sum" >"$copy/$part.sum"; done

cd "$tree"
swift build --manifest-cache none --build-tests >build.log 2>&1 || {
    grep -E 'error' build.log | sort -u | head -n 40
    exit 1
}
for product in supervise probe holding swap-socket; do
    swift build --manifest-cache none --product "$product" >>build.log 2>&1
done

supervise=$PWD/.build/debug/supervise
cases=$PWD/Fixtures/semantics
tests=$PWD/.build/debug/supervisePackageTests.xctest

# run: tests, to their end or the first that fails.
run() {
    NO_COLOR=1 timeout 300 "$tests" --testing-library swift-testing "$@" 2>&1 | tee unit.log | grep -m1 '✘ ' >/dev/null && return 1
    return "${PIPESTATUS[0]}"
}
# races: what no result shows, another socket in the place of the one that was judged.
races() {
    local what outcome options=()
    for what in stream seqpacket inet unspec listen fast-open; do
        [[ $what != fast-open ]] || options=(--network on --deny 'connect tcp 127.0.0.1')
        outcome=$(timeout 60 "${supervise%/*}/holding" abstract-datagram udp-bound udp tcp -- \
            "$supervise" --quiet --landlock-abi 0 "${options[@]}" -- "${supervise%/*}/swap-socket" "$what" 4000 30) || return 1
        [[ $outcome == 'tries 4000 reached 0' ]] || return 1
    done
}
semantics() {
    timeout -k 5 900 "$supervise" selftest --until-failure --seconds 120 --cases "$cases" "$@" >selftest.log 2>&1
}

# What may find a mutant, cheapest first; each is asked only about what the ones before let through.
slow='AgreementTests|PreparedPolicyTests|UnknownTests|RangeGuardTests|EscapedTextTests|garbage|roundTrip|random'
tiers=('quick tests of policy and filter' "tests of the tracer's parts" 'slow tests of the filter'
    'slow tests of the policy' selftest 'races against the check')
for way in '' logged guarded garbage limited flagged; do tiers+=("selftest${way:+ --way $way}, all profiles"); done
tier() {
    case $1 in
        quick*) run --filter 'Supervise(Policy|Filter)Tests' --skip "$slow" ;;
        *'of the filter') run --filter "SuperviseFilterTests.*($slow)" ;;
        *'of the policy') run --filter "SupervisePolicyTests.*($slow)" ;;
        # These start programs, which only tests that come to their end take away.
        tests*) timeout 300 "$tests" --testing-library swift-testing --filter SuperviseTracerTests >unit.log 2>&1 ;;
        races*) races ;;
        # Most rows are the same in every profile.
        selftest) semantics --profile rlimit-network ;;
        *)
            local options=${1#selftest}
            read -ra options <<<"${options%, all profiles}"
            semantics "${options[@]}"
            ;;
    esac
}

# found: by what the mutant that is chosen is found, nothing where nothing does; in which target it is. One that makes
# a tier hang is found by it. A tier has to pass without a mutant first.
found() {
    local name status
    for name in "${tiers[@]}"; do
        # What they test does not have the mutant's target.
        case "$1 $name" in
            Supervise[PF]*' races '* | SuperviseTracer*' of policy and filter' | SuperviseTracer*' slow '* | SuperviseFilter*' of the policy') continue ;;
        esac
        if [[ ! -e $copy/passed/$name ]]; then
            SUPERVISE_MUTANT=0 tier "$name" || {
                echo "without a mutant: $name failed" >&2
                exit 1
            }
            touch "$copy/passed/$name"
        fi
        status=0
        tier "$name" || status=$?
        # What fails once by itself, on a busy machine, is no catch.
        [[ $status -eq 0 || $name != selftest* ]] || { status=0; tier "$name" || status=$?; }
        [[ $status -eq 0 ]] || {
            echo "$name$([[ $status -ne 124 ]] || echo ', which does not end')"
            return
        }
    done
}

while IFS=$'\t' read -r number what; do
    [[ $number -ge $first && $number -le $last ]] || continue
    if line=$(grep -m1 -E "^[a-zA-Z]+ $number[ :]" "$copy/results"); then
        echo "$line"
        continue
    fi
    by=$(SUPERVISE_MUTANT=$number found "${what%%/*}" </dev/null)
    if [[ -n $by ]]; then
        echo "caught $number by $by: $what"
    else
        echo "SURVIVED $number: $what"
    fi | tee -a "$copy/results"
done <"$copy/list"
echo
sed -nE 's/^caught [0-9]+ by ([^:]*): .*/caught by \1/p; s/^SURVIVED.*/survived/p' "$copy/results" | sort | uniq -c
echo "$(grep -c '^caught' "$copy/results") of $(grep -c . "$copy/list") caught"
if grep -q '^SURVIVED' "$copy/results"; then exit 1; fi
