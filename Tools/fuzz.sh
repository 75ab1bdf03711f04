#!/usr/bin/env bash
# Fuzzes the decoders, the grammars and the filter's machine with libFuzzer, each for so many seconds.
#
#   Tools/fuzz.sh SECONDS [TARGET...]
#
# A target is a condition of Fuzz/Targets.swift, compiled with what it tests, which sees no system and needs no
# package but TOMLKit. It begins with the inputs of Fuzz/corpus/TARGET; new ones are kept in .build/fuzz, and so
# is one that fails: to be fixed and then added to the corpus, with a test.

set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?how many seconds for each target?}
shift
targets=("$@")
[[ ${#targets[@]} -gt 0 ]] || targets=(address dns message filter assembler status rule policy)
out=.build/fuzz
mkdir -p "$out"

instrumented=(-O -wmo -parse-as-library -sanitize=fuzzer -I "$out")

# module: compiles files to the module of that name, whose internal declarations the targets see.
module() {
    local name=$1
    shift
    swiftc "${instrumented[@]}" -enable-testing -module-name "$name" -emit-module \
        -emit-module-path "$out/$name.swiftmodule" -emit-object -o "$out/$name.o" "$@"
}

# toml: TOMLKit and what it is made of, once.
toml=.build/checkouts/TOMLKit/Sources
toml() {
    local file
    [[ -d $toml ]] || swift package resolve
    [[ -e $out/TOMLKit.o ]] && return
    for file in "$toml"/CTOML/Sources/*.cpp; do
        clang++ -std=c++17 -O1 -fsanitize=fuzzer-no-link -DTOML_EXCEPTIONS=1 -I "$toml/CTOML/include" -c "$file" \
            -o "$out/$(basename "$file" .cpp).cpp.o"
    done
    mapfile -d '' -t files < <(find "$toml/TOMLKit" -name '*.swift' -print0)
    module TOMLKit -swift-version 5 -suppress-warnings -I "$toml/CTOML/include/CTOML" "${files[@]}"
}

strict=(-swift-version 6 -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature ExistentialAny)
module SupervisePolicy "${strict[@]}" Sources/SupervisePolicy/*.swift
module SuperviseFilter "${strict[@]}" Sources/SuperviseFilter/*/*.swift
cat >"$out/Words.swift" <<'END'
/// The lowest bytes of a number, least first.
func littleEndian(_ value: UInt64, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
}
END

# built: compiles the target of that name.
built() {
    local more=()
    if [[ $1 == policy ]]; then
        toml
        more=(-I "$toml/CTOML/include/CTOML")
        module SupervisePolicyFile "${strict[@]}" "${more[@]}" Sources/SupervisePolicyFile/*.swift
        more+=("$out"/{SupervisePolicyFile,TOMLKit,*.cpp}.o -lstdc++)
    fi
    swiftc "${instrumented[@]}" "${strict[@]}" -D "FUZZ_${1^^}" -module-name Fuzz "$out"/{SupervisePolicy,SuperviseFilter}.o \
        Fuzz/Targets.swift "$out/Words.swift" Sources/SuperviseTracer/WaitStatus.swift \
        Sources/SuperviseTracer/Decoding/{SocketAddressDecoder,MessageHeaderDecoder}.swift \
        Sources/SuperviseAudit/Names/*.swift "${more[@]}" -o "$out/$1"
}

failed=0
for target in "${targets[@]}"; do
    built "$target"
    mkdir -p "$out/$target.corpus"
    echo "== $target"
    # Without Swift's own handler libFuzzer keeps the input that failed.
    SWIFT_BACKTRACE=enable=no timeout "$((seconds + 60))" "$out/$target" -max_total_time="$seconds" -max_len=512 \
        -timeout=60 -print_final_stats=1 -artifact_prefix="$out/$target-" "$out/$target.corpus" \
        "Fuzz/corpus/$target" >"$out/$target.log" 2>&1 || {
        failed=1
        tail -n 20 "$out/$target.log"
    }
    grep -E 'number_of_executed_units|new_units_added' "$out/$target.log" || true
done
exit "$failed"
