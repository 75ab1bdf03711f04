#!/usr/bin/env bash
# Fuzzes the decoders and the filter's machine with libFuzzer, each for so many seconds.
#
#   Tools/fuzz.sh SECONDS [TARGET...]     targets: address dns message filter status
#
# A target is a condition of Fuzz/Targets.swift, compiled with the sources it tests as one module: they
# see no system, so need no package. It begins with the
# inputs of Fuzz/corpus/TARGET; new ones are kept in .build/fuzz, and so is one that fails: to be fixed and
# then added to the corpus.

set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?how many seconds for each target?}
shift
targets=("$@")
[[ ${#targets[@]} -gt 0 ]] || targets=(address dns message filter status)
out=.build/fuzz
mkdir -p "$out"

failed=0
for target in "${targets[@]}"; do
    # One module: its own imports are of files that are part of it.
    folder=$out/$target.sources
    rm -rf "$folder"
    mkdir -p "$folder"
    for file in Fuzz/Targets.swift Sources/SupervisePolicy/*.swift Sources/SuperviseFilter/*/*.swift \
        Sources/SuperviseTracer/Decoding/{SocketAddressDecoder,MessageHeaderDecoder}.swift \
        Sources/SuperviseAudit/Names/*.swift Sources/SuperviseTracer/WaitStatus.swift; do
        sed -E 's/^((public|internal) )?import Supervise.*//' "$file" >"$folder/$(basename "$file")"
    done
    cat >"$folder/Words.swift" <<'EOF'
/// The lowest bytes of a number, least first.
func littleEndian(_ value: UInt64, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
}
EOF
    swiftc -O -wmo -parse-as-library -swift-version 6 -sanitize=fuzzer -D "FUZZ_${target^^}" \
        -module-name Fuzz "$folder"/*.swift -o "$out/$target"
    mkdir -p "$out/$target.corpus"
    echo "== $target"
    # Without Swift's own handler libFuzzer keeps the input that failed.
    SWIFT_BACKTRACE=enable=no timeout "$((seconds + 60))" "$out/$target" -max_total_time="$seconds" -max_len=512 -print_final_stats=1 \
        -artifact_prefix="$out/$target-" "$out/$target.corpus" \
        "Fuzz/corpus/$target" >"$out/$target.log" 2>&1 || {
        failed=1
        tail -n 20 "$out/$target.log"
    }
    grep -E 'number_of_executed_units|new_units_added' "$out/$target.log" || true
done
exit "$failed"
