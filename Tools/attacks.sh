#!/bin/bash
# Runs each race against the check of addresses, under supervise, and prints how many tries were
# made and how many reached what is refused. Without the Landlock domain, which would refuse the names
# even where the tracer does not.
#
# Usage: attacks.sh FOLDER TRIES; FOLDER has supervise and the fixtures.
#
# Exit status: 1 where a try reached it, or a race ended early.
set -euo pipefail

programs=$(realpath "$1")
tries=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

failed=0
options=()
race() {
    local outcome
    outcome=$("$programs/holding" abstract-datagram udp-bound udp tcp -- \
        "$programs/supervise" --quiet --landlock-abi 0 "${options[@]}" -- "$programs/$1" "${@:2}" "$tries" 36000) || outcome="failed"
    echo "$*: $outcome"
    [[ $outcome == "tries $tries reached 0" ]] || failed=1
}

for call in connect bind sendto sendmsg sendmmsg; do
    for abi in x86-64 i386 socketcall; do
        race flip-name $abi $call byte thread
    done
done
while read -r way; do
    # The words are arguments.
    race flip-name $way </dev/null
done <<'END'
x86-64 sendmsg length thread
x86-64 sendmsg pointer thread
x86-64 sendmmsg length thread
x86-64 sendmmsg pointer thread
i386 sendmsg length thread
i386 sendmmsg pointer thread
socketcall connect argument thread
socketcall bind argument thread
socketcall sendto argument thread
socketcall sendmsg pointer thread
x86-64 connect byte vm
x86-64 sendmsg byte shared
i386 connect byte shared
x86-64 connect byte mem
socketcall sendto argument vm
END
for what in stream seqpacket inet unspec listen; do
    race swap-socket $what
done
race rewrite-code
options=(--network on --deny 'connect tcp 127.0.0.1')
race swap-socket fast-open
exit $failed
