#!/bin/bash
# Runs each race against the check of addresses, under supervise, and prints how many tries were
# made and how many reached what is refused: as root and as an ordinary user (as whoever runs it, where that is not
# root), with the page sealed by the kernel and guarded by the filter. Without the Landlock domain, which would refuse
# the names even where the tracer does not.
#
# Usage: attacks.sh FOLDER TRIES; FOLDER has supervise and the fixtures. TRIES is for each race and each of the four ways.
#
# Exit status: 1 where a try reached it, or a race ended early.
set -euo pipefail

programs=$(realpath "$1")
tries=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 777 "$folder"
cd "$folder"

failed=0
made=0
reached=0
race() {
    local outcome
    outcome=$("${as[@]}" "$programs/holding" $held -- \
        "$programs/supervise" --quiet --landlock-abi 0 "${guard[@]}" "${options[@]}" \
        -- "$programs/$1" "${@:2}" "$tries" 36000) || outcome="failed"
    echo "$way: $*: $outcome"
    [[ $outcome == "tries $tries reached 0" ]] || failed=1
    if [[ $outcome =~ ^tries\ ([0-9]+)\ reached\ ([0-9]+)$ ]]; then
        made=$((made + BASH_REMATCH[1])) reached=$((reached + BASH_REMATCH[2]))
    fi
}

# every: reads races, a line each, and runs them; the words are arguments.
every() {
    local how
    while read -r how; do race $how </dev/null; done
}

all() {
    options=()
    held="abstract-datagram udp-bound udp tcp"
    for call in connect bind sendto sendmsg sendmmsg; do
        for abi in x86-64 i386 socketcall; do
            race flip-name $abi $call byte thread
        done
    done
    every <<'END'
flip-name x86-64 sendmsg length thread
flip-name x86-64 sendmsg pointer thread
flip-name x86-64 sendmmsg length thread
flip-name x86-64 sendmmsg pointer thread
flip-name i386 sendmsg length thread
flip-name i386 sendmmsg pointer thread
flip-name socketcall connect argument thread
flip-name socketcall bind argument thread
flip-name socketcall sendto argument thread
flip-name socketcall sendmsg pointer thread
flip-name x86-64 connect byte vm
flip-name x86-64 sendmsg byte shared
flip-name i386 connect byte shared
flip-name x86-64 connect byte mem
flip-name socketcall sendto argument vm
swap-socket stream
swap-socket seqpacket
swap-socket inet
swap-socket unspec
swap-socket listen
rewrite-code
END
    if [[ $user == root ]]; then
        # Which only root makes.
        for held in raw packet named-packet; do
            kind=$held held="abstract-datagram udp-bound udp tcp $held"
            race swap-socket "$kind"
        done
        held="abstract-datagram udp-bound udp tcp"
    else
        # Root's supervisor can look at whatever hides.
        every <<'END'
flip-name hidden x86-64 connect byte thread
flip-name hidden x86-64 bind byte thread
flip-name hidden x86-64 sendto byte thread
flip-name hidden x86-64 sendmsg byte thread
flip-name hidden x86-64 sendmmsg byte thread
flip-name hidden-child x86-64 connect byte thread
flip-name hidden-child x86-64 sendmsg pointer thread
flip-name hidden-child i386 sendto byte vm
flip-name toggling x86-64 connect byte thread
flip-name toggling socketcall sendmsg pointer thread
END
    fi
    options=(--allow '* udp')
    race swap-socket connect
    options=(--network on --deny 'connect tcp 127.0.0.1')
    race swap-socket fast-open
    options=(--network on --deny 'outgoing 127.0.0.2' --deny 'bind udp 0.0.0.0' --deny 'listen 127.0.0.2')
    for what in form bind form-bind listen; do
        "$programs/change-socket" $what 1 10 >/dev/null || { echo "skipped: change-socket $what"; continue; }
        race change-socket $what
    done
}

users=("$(id -un)")
if [[ $(id -u) == 0 ]]; then users+=(nobody); fi
for user in "${users[@]}"; do
    as=()
    if [[ $user == nobody && $(id -u) == 0 ]]; then
        as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    fi
    for kind in sealed ranges; do
        guard=()
        if [[ $kind == ranges ]]; then guard=(--page-guard ranges); fi
        way="$user, $kind"
        all
    done
done
echo "$made tries, $reached reached what is refused"
exit $failed
