#!/usr/bin/env bash
# Checks the direction of imports and where unsafe code is. Prints FILE:LINE for each violation.
#
#   Tools/check-imports.sh [FOLDER]     FOLDER holds Sources/; default: the package
#
# `swift build --explicit-target-dependency-import-check error`, which `make lint` runs too, finds an
# import that the manifest does not declare. This finds what the manifest should not declare, system
# modules (Foundation), and unsafe code outside of the folders that are made for it.

set -euo pipefail
export LC_ALL=C

cd "${1:-$(dirname "$0")/..}"

# TARGET: what its files may import. The C library belongs to the targets that talk to the kernel.
# Foundation is in none that the command itself has: it takes longer to load than the rest of the
# command to run.
declare -A allowed=(
    [SupervisePolicy]=""
    [SupervisePolicyFile]="TOMLKit SupervisePolicy"
    [SuperviseFilter]="SupervisePolicy"
    [SuperviseAudit]="SupervisePolicy"
    [SuperviseTracer]="CSupervise Glibc SystemPackage SupervisePolicy SuperviseFilter SuperviseAudit"
    [SuperviseBacktrace]="CUnwind Glibc SuperviseAudit"
    [SuperviseSelftest]="CSupervise Dispatch Glibc Synchronization TOMLKit"
    [SuperviseReport]="FoundationEssentials Mustache SupervisePolicy SuperviseAudit"
    [supervise-report]="FoundationEssentials Glibc SystemPackage ArgumentParser SupervisePolicy SuperviseReport"
    [supervise]="CSupervise Glibc SystemPackage ArgumentParser SupervisePolicy SupervisePolicyFile
        SuperviseFilter SuperviseAudit SuperviseTracer SuperviseBacktrace SuperviseSelftest"
)

# Files outside a System/ folder that call C or use `unsafe`, each with its reason.
listed=(
    Sources/SuperviseTracer/Launch/Command.swift   # the argument vector, byte for byte
    Sources/SuperviseTracer/Launch/Handshake.swift # read and write of one number
    Sources/SuperviseTracer/Launch/Launcher.swift  # fork, exec, the filter's installation
    Sources/SuperviseTracer/Launch/LandlockDomain.swift # entering it
    Sources/SuperviseTracer/Launch/GivingUp.swift  # the limit, exec
    Sources/supervise/ColorOption.swift            # getenv
)

failures=0
fail() {
    printf '%s\n' "$1"
    failures=$((failures + 1))
}

is_listed() {
    local file
    [[ $1 == */System/* ]] && return 0
    for file in "${listed[@]}"; do
        [[ $file == "$1" ]] && return 0
    done
    return 1
}

# FILE:LINE:TEXT of every line that matches, comments left out.
code_lines() {
    awk -v pattern="$1" '
        FNR == 1 { inside = 0 }
        {
            text = $0
            if (inside) {
                if (!sub(/^.*\*\//, "", text)) next
                inside = 0
            }
            sub(/\/\/.*/, "", text)
            if (sub(/\/\*.*/, "", text)) inside = 1
            if (text ~ pattern) print FILENAME ":" FNR ":" text
        }' "${@:2}"
}

for folder in Sources/*/; do
    target=$(basename "$folder")
    mapfile -d '' -t files < <(find "$folder" -name '*.swift' -print0 | sort -z)
    [[ ${#files[@]} -gt 0 ]] || continue
    if [[ -z ${allowed[$target]+there} ]]; then
        fail "$folder: the target $target is not in the table of Tools/check-imports.sh"
        continue
    fi
    while IFS=: read -r file line text; do
        # [@attribute...] [access] import [kind] Module[.Submodule...]
        module=$(sed -E 's/^.*import +((struct|class|enum|protocol|typealias|func|let|var) +)?//;
            s/[.; ].*$//' <<<"$text")
        case " $(echo ${allowed[$target]}) " in
        *" $module "*) ;;
        *) fail "$file:$line: $target may not import $module" ;;
        esac
        if [[ $module == C[A-Z]* ]] && ! is_listed "$file"; then
            fail "$file:$line: only System/ folders and files listed may import $module"
        fi
    done < <(code_lines \
        '^[ \t]*((@[A-Za-z_]+(\([^)]*\))?|public|package|internal|fileprivate|private)[ \t]+)*import[ \t]' \
        "${files[@]}")
    while IFS=: read -r file line _; do
        is_listed "$file" || fail "$file:$line: only System/ folders and files listed may say unsafe"
    done < <(code_lines '(^|[^A-Za-z0-9_."])unsafe([^A-Za-z0-9_"]|$)' "${files[@]}")
done

if [[ $failures -gt 0 ]]; then
    printf '%s violations of the import rules; they stand in Tools/check-imports.sh\n' "$failures" >&2
    exit 1
fi
echo "imports: in order"
