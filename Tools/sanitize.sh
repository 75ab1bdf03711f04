#!/usr/bin/env bash
# Runs the unit tests under the address sanitizer and under the thread sanitizer, C and Swift; with the former what
# C leaves undefined is a trap.
#
#   Tools/sanitize.sh [address|thread]...     default: both
#
# What starts `supervise` itself cannot run so: a traced program is not to have a sanitizer's memory and threads.
# So it is a copy of the package without those tests and programs, in .build-address and .build-thread. What tests
# look into from outside is compiled without. The thread sanitizer leaves out the tests that try many random values on
# pure functions: they share nothing between threads, and would take it hours.

set -euo pipefail
cd "$(dirname "$0")/.."

kinds=("$@")
[[ ${#kinds[@]} -gt 0 ]] || kinds=(address thread)
failed=0
for kind in "${kinds[@]}"; do
    tree=.build-$kind/tree
    mkdir -p "$tree"
    python3 Tools/mirror.py "$tree" Sources Package.swift \
        Tests/Supervise{Policy,PolicyFile,Filter,Audit,Backtrace,Tracer,Report,Selftest}Tests \
        Tests/SuperviseTestSupport Tools/browser.py Fixtures/{tracee,layer,policies,semantics} docs
    options=(--manifest-cache none --package-path "$tree" --scratch-path ".build-$kind/build" --sanitize="$kind")
    # What is undefined in C is a trap, which needs no library. TOMLKit's nodeType calls a method of nullptr whose
    # result it does not use.
    printf '%s\n' '[undefined]' 'src:*/checkouts/TOMLKit/*' >".build-$kind/ignored"
    [[ $kind == thread ]] || options+=(-Xcc -fsanitize=undefined -Xcc -fsanitize-trap=undefined
        -Xcc "-fsanitize-ignorelist=$PWD/.build-$kind/ignored")
    echo "== $kind"
    swift build "${options[@]}" --build-tests >".build-$kind/build.log" 2>&1 || {
        grep -E 'error|undefined' ".build-$kind/build.log" | sort -u | head -n 20
        exit 1
    }
    selection=()
    [[ $kind != thread ]] || selection=(--skip
        'AgreementTests|PreparedPolicyTests|UnknownTests|RangeGuardTests|EscapedTextTests|garbage|roundTrip|random')
    cc -std=gnu17 -D_GNU_SOURCE -pthread -o ".build-$kind/build/debug/tracee" Fixtures/tracee/*.c
    # The sanitizer does not see the locking of Swift's own Mutex, which is by futex(2): what stands behind one, as
    # swift-subprocess's knowledge of processes does, looks unguarded.
    echo 'race:Synchronization5Mutex' >".build-$kind/suppressed"
    # The runtime's own allocations at the end of a process are nobody's leak; Swift's own handler of a crash has its
    # stack in a way that the sanitizer does not know.
    SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS="suppressions=$PWD/.build-$kind/suppressed" \
        swift test "${options[@]}" --skip-build --disable-xctest "${selection[@]}" >".build-$kind/test.log" 2>&1 || failed=1
    grep -aE '^(✘|SUMMARY|==.*(ERROR|WARNING)|.*runtime error)' ".build-$kind/test.log" | sort | uniq -c | head -n 40 || true
    tail -n 1 ".build-$kind/test.log"
done
exit "$failed"
