#!/usr/bin/env bash
# Prints the line coverage of each Swift target, and fails where it is below what is demanded: 95 % of
# SupervisePolicy and SuperviseFilter, 85 % of the others.
#
#   Tools/coverage.sh [TEST-OPTION...]     for instance --filter SupervisePolicyTests
#
# The command itself is counted too: its processes end by _exit, by execve and by signals, so the counters are in
# files that are mapped into all processes of a program (%c), not written at the end of each.

set -euo pipefail
cd "$(dirname "$0")/.."

out=.build-coverage
options=(--manifest-cache none --scratch-path "$out" -Xswiftc -profile-generate -Xswiftc -profile-coverage-mapping
    -Xswiftc -Xllvm -Xswiftc -runtime-counter-relocation)
tools=$(dirname "$(readlink -f "$(command -v swift)")")
swift build "${options[@]}" --build-tests
# The programs in C have nothing to count, and its library says so on standard error: they are linked without.
ar rcs "$out/CSupervise.a" "$out"/debug/CSupervise.build/*.o
for folder in "$out"/debug/*.build; do
    # A module has no hyphens in its name.
    name=$(basename "${folder//_/-}" .build)
    program=$out/debug/$name
    [[ -x $program ]] && compgen -G "$folder/*.c.o" >/dev/null || continue
    clang -pthread -o "$program.plain" "$folder"/*.o "$out/CSupervise.a"
    mv "$program.plain" "$program"
done
# Ordinary users' processes map the same files, wherever the project lies. Not a sticky folder: in those
# fs.protected_regular keeps even root from files that somebody else has made.
profiles=$(mktemp -d)
trap 'rm -rf "$profiles"' EXIT
chmod 777 "$profiles"
export LLVM_PROFILE_FILE=$profiles/%c%m.profraw
for program in supervise supervise-report; do
    (umask 0 && "$out/debug/$program" --help >"$out/help")
done
status=0
swift test "${options[@]}" --skip-build --disable-xctest "$@" \
    >"$out/test.log" 2>&1 || status=$?
[[ $status -eq 0 ]] || echo "tests failed, see $out/test.log; what they ran counts all the same"
"$tools/llvm-profdata" merge -sparse "$profiles"/*.profraw -o "$out/all.profdata"
"$tools/llvm-cov" export -summary-only -instr-profile "$out/all.profdata" "$out/debug/supervisePackageTests.xctest" \
    -object "$out/debug/supervise" -object "$out/debug/supervise-report" >"$out/coverage.json"
python3 - "$out/coverage.json" <<'EOF'
import collections, json, sys
lines = collections.defaultdict(lambda: [0, 0])
for file in json.load(open(sys.argv[1]))["data"][0]["files"]:
    parts = file["filename"].rsplit("/Sources/", 1)
    if len(parts) == 2 and ".build" not in parts[1] and "checkouts" not in parts[0]:
        found = lines[parts[1].split("/")[0]]
        found[0] += file["summary"]["lines"]["covered"]
        found[1] += file["summary"]["lines"]["count"]
failed = False
for target, (covered, count) in sorted(lines.items()):
    least = 95 if target in ("SupervisePolicy", "SuperviseFilter") else 85
    share = 100 * covered / count
    failed |= share < least
    print(f"{target:22}{share:6.1f} %  of {count:5} lines{'' if share >= least else f', expected {least} %'}")
sys.exit(failed)
EOF
