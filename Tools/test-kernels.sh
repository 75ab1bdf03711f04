#!/usr/bin/env bash
# Boots Debian's own kernel in an emulated machine and runs cases there: what supervise needs and an
# older kernel lacks (mseal, PROCMAP_QUERY, pidfds of threads) is missing there for real.
#
#   Tools/test-kernels.sh SUPERVISE [PATTERN|--short]
#
# SUPERVISE is the static program. With a PATTERN only the attacks are run whose commands match it; --short runs the
# decision tables as root and leaves the attacks out, some of which depend on the time they are given. The kernel is
# the package that linux-image-cloud-amd64 stands for; it and the machine's image are kept in .build/kernels. Takes ten
# minutes, --short two, and longer on a busy machine; what takes more than two hours is ended, and so is --short after
# ten minutes, which is no failure where none was seen until then.

set -euo pipefail
cd "$(dirname "$0")/.."

supervise=${1:?which supervise?}
only=${2:-}
short=
if [[ $only == --short ]]; then only='' short=1; fi
folder=.build/kernels
# A machine that prints nothing for so long hangs, and so does one that is up for so long; cases have limits of their
# own, by how fast it is.
silence=1800
limit=7200
if [[ -n $short ]]; then silence=300 limit=600; fi

skip() {
    echo "test-kernels: skipped: $1"
    exit 0
}

for program in qemu-system-x86_64 busybox cpio gcc; do
    command -v "$program" >/dev/null || skip "$program could not be installed"
done
# There is no loader in the machine.
if ldd "$(command -v busybox)" >/dev/null 2>&1; then skip "busybox-static could not be installed"; fi

# The kernel, of the package that the meta package depends on now.
mkdir -p "$folder"
package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null \
    | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1) || true
[[ -n $package ]] || skip "there is no package linux-image-cloud-amd64 here"
kernel=$folder/$package
if [[ ! -e $kernel/done ]]; then
    rm -rf "$kernel"
    mkdir -p "$kernel"
    # apt-get reads the archive as a user of its own, which may have no access here.
    (cd "$kernel" && apt-get download -qq -o APT::Sandbox::User=root "$package") \
        || skip "$package could not be downloaded"
    dpkg -x "$kernel"/*.deb "$kernel/unpacked"
    cp "$kernel"/unpacked/boot/vmlinuz-* "$kernel/vmlinuz"
    rm -rf "$kernel/unpacked" "$kernel"/*.deb
    touch "$kernel/done"
fi

# The image: static programs only.
root=$folder/root
rm -rf "$root"
mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,kernels/bin}
cp "$(command -v busybox)" "$root/bin/busybox"
install -m 755 Tools/kernels/init "$root/init"
install -m 644 Tools/kernels/cases.sh Fixtures/attacks/kernels.txt \
    "$root/kernels"
printf '%s' "$only" >"$root/kernels/only"
[[ -z $short ]] || touch "$root/kernels/short"
mv "$root/kernels/kernels.txt" "$root/kernels/attacks.txt"
install -d "$root/kernels/semantics"
install -m 644 Fixtures/semantics/*.toml "$root/kernels/semantics"
install -s -m 755 "$supervise" "$root/kernels/bin/supervise"
"$supervise" --version >"$root/kernels/version"
printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
failed=0
for fixture in Fixtures/probe Fixtures/holding Fixtures/attacks/*/; do
    name=$(basename "$fixture")
    # Position-independent: else the heap may begin where the probe wants its own memory.
    gcc -std=gnu17 -D_GNU_SOURCE -ISources/CSupervise/include -O1 -w -static-pie -pthread -s \
        -o "$root/kernels/bin/$name" \
        "$fixture"/*.c
    case $fixture in
    */attacks/*)
        if ! grep -q "^[^#].*|$name \|^# not here: $name " Fixtures/attacks/kernels.txt; then
            echo "not ok attack $name has no line in Fixtures/attacks/kernels.txt"
            failed=$((failed + 1))
        fi ;;
    esac
done
(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$folder/image"

# How many results there must be: cases that never ran did not pass.
steps=$(grep -c '^check ' Tools/kernels/cases.sh)
table=$("$supervise" selftest --cases Fixtures/semantics --profile rlimit-network --list | wc -l)
attacks=$(grep -v '^#' Fixtures/attacks/kernels.txt | awk -F '|' '{n += $3 == "-" ? 1 : 2} END {print n}')
if [[ -n $only ]]; then echo "test-kernels: only attacks that match $only"; fi
expected=$((3 * steps + 2 * (table + attacks)))
if [[ -n $short ]]; then expected=$((2 * steps + table)); fi

output=$folder/output
: >"$output"
coproc machine {
    exec timeout --kill-after=10 "$limit" \
        qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 1024 -nodefaults -no-reboot \
        -display none -serial stdio -kernel "$kernel/vmlinuz" -initrd "$folder/image" \
        -append "console=ttyS0 quiet loglevel=3 panic=-1" </dev/null
}
process=$machine_PID
# timeout(1) passes it on.
trap 'kill -TERM $process 2>/dev/null' EXIT
exec 3<&"${machine[0]}"
status=0
while true; do
    IFS= read -r -t "$silence" -u 3 line || { status=$?; break; }
    printf '%s\n' "${line%$'\r'}" | tee -a "$output"
done
if [[ $status -gt 128 ]]; then
    echo "test-kernels: the machine hangs: nothing was printed for $silence seconds"
    kill -TERM "$process"
    failed=$((failed + 1))
fi
status=0
wait "$process" || status=$?
trap - EXIT
case $status in
0) ;;
124 | 137) echo "test-kernels: the machine was up for more than $limit seconds and was ended" ;;
*) echo "test-kernels: the machine did not end by itself (status $status)" ;;
esac

passed=$(grep -c '^ok ' "$output" || true)
refuted=$(grep -c '^not ok ' "$output" || true)
failed=$((failed + refuted))
missing=$((expected - passed - refuted))
# A machine too slow for the emulation says nothing of supervise; one that hangs was told of above.
if [[ -n $short && $status -eq 124 && $failed -eq 0 && $passed -gt 0 ]]; then
    skip "$passed of $expected cases had passed after $limit seconds, and none had failed"
fi
if [[ -z $only && $missing -ne 0 ]]; then
    echo "not ok $missing of $expected cases gave no result"
    failed=$((failed + (missing < 0 ? -missing : missing)))
fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $status -eq 0 ]]
