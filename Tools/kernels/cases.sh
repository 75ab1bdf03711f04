# Runs in the machine that Tools/test-kernels.sh boots: every case as the user it is started as.
#
#   sh /kernels/cases.sh USER [commands]
#
# `commands` leaves the table and the attacks out.
# Prints `ok TITLE` or `not ok TITLE` for each, after that what differed; lines with # are remarks.

user=$1${2:+ ($2)}
folder=/tmp/$1$2
mkdir "$folder" && cd "$folder" || exit 1
export PATH=/kernels/bin:/bin

# limited COMMAND...: a case takes a second or two here, and one that takes a hundred hangs. How long that is
# on a machine that is emulated, and busy, nobody knows beforehand: so time is told by what else is done in it.
limited() {
    "$@" &
    process=$!
    (
        n=0
        while [ $n -lt 100 ]; do
            sleep 1
            for start in 1 2 3 4 5; do supervise -- true; done
            n=$((n + 1))
        done
        kill -TERM $process
    ) </dev/null >/dev/null 2>&1 &
    watcher=$!
    wait $process
    status=$?
    kill $watcher 2>/dev/null
    return $status
}

# result TITLE: from the files `expected` and `found`.
result() {
    if diff -U 1000 expected found >difference; then
        echo "ok $user: $1"
    else
        echo "not ok $user: $1"
        sed '1,2d; s/^/    /' difference
    fi
}

# check TITLE EXPECTED COMMAND...: its whole output on both streams, then its exit status.
check() {
    title=$1
    printf '%s\n' "$2" >expected
    shift 2
    limited "$@" >found 2>&1
    echo "exit $?" >>found
    result "$title"
}

only=$(cat /kernels/only)
if [ -n "$only" ] && [ "$2" = commands ]; then exit; fi
if [ -z "$only" ]; then

check "tells its version" "$(cat /kernels/version)
exit 0" supervise --version
check "ends with the command's status" 'exit 42' supervise -- sh -c 'exit 42'
check "dies by the command's signal" 'Terminated
exit 143' supervise -- sh -c 'kill -TERM $$'
check "says that a command is not there" 'supervise: /nowhere: command not found (ENOENT)
exit 127' supervise -- /nowhere
check "refuses a socket and says so" 'socket(AF_INET,SOCK_STREAM) = EPERM
supervise: 1 call was refused (network off)
  1x create tcp   probe   EPERM
exit 0' supervise -- probe 'socket(AF_INET,SOCK_STREAM)'
check "lets an AF_UNIX path be connected to" 's=socket(AF_UNIX,SOCK_STREAM) = 3
bind($s,unix:path) = 0
listen($s) = 0
c=socket(AF_UNIX,SOCK_STREAM) = 4
connect($c,unix:path) = 0
exit 0' supervise -- probe 's=socket(AF_UNIX,SOCK_STREAM)' 'bind($s,unix:path)' 'listen($s)' \
    'c=socket(AF_UNIX,SOCK_STREAM)' 'connect($c,unix:path)'
check "lets everything through where the network is on" 'socket(AF_INET,SOCK_STREAM) = 3
exit 0' supervise --network on -- probe 'socket(AF_INET,SOCK_STREAM)'
check "logs what --audit lets through" 'socket(AF_INET,SOCK_STREAM) = 3
socket tcp would-deny EPERM
exit 0' sh -c 'supervise --quiet --audit --log log -- probe "socket(AF_INET,SOCK_STREAM)" || exit
    while read -r time pid program call protocol remote result error rule; do
        echo "$call $protocol $result $error"
    done <log'

if [ "$2" = commands ]; then exit; fi

# The decision table: natively and under supervise, in every ABI.

# run_case: the one in title, holding and the arguments, which are its steps; `refused` has the
# results that differ.
run_case() {
    for abi in $abis; do
        # A folder each: the steps make files.
        mkdir native restricted
        (cd native && limited holding $holding -- probe --abi "$abi" "$@" >../output 2>&1
            echo "exit $?" >>../output)
        (cd restricted && limited holding $holding -- supervise --quiet -- \
            probe --abi "$abi" "$@" >../found 2>&1
            echo "exit $?" >>../found)
        awk -v refused=refused '
            BEGIN {
                while ((getline line < refused) > 0) {
                    at = index(line, " -> ")
                    answer[substr(line, 1, at - 1)] = substr(line, at + 4)
                }
            }
            {
                end = 0
                for (rest = $0; (at = index(rest, " = ")) > 0; rest = substr(rest, at + 1)) end += at
                step = substr($0, 1, end - 1)
                bare = step
                sub(/^ */, "", bare)
                if (end == 0 || !(bare in answer)) print
                else if (substr($0, end + 3) == answer[bare]) print "natively the same: " $0
                else print step " = " answer[bare]
            }' output >expected
        result "$group: $title ($abi)"
        rm -rf native restricted
    done
}

# table: the cases of a file, whose first lines explain the form.
table() {
    group= title= holding=
    set --
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        '#'*) continue ;;
        '' | '-- '* | '== '*)
            if [ $# -gt 0 ]; then run_case "$@" </dev/null; fi
            set --
            holding=
            : >refused
            case $line in
            '-- '*) title=${line#-- } ;;
            '== '*)
                group=${line#== }
                abis='x86-64 i386 socketcall'
                case $group in
                # No socket calls are made there.
                'other processes') abis='x86-64 i386' ;;
                # Each step says its own.
                "the sealed page's window") abis=x86-64 ;;
                esac
                ;;
            esac ;;
        'holding '*) holding=${line#holding } ;;
        'inside '*) printf '%s\n' "${line#inside }" >>refused ;;
        *' -> '*)
            printf '%s\n' "$line" >>refused
            set -- "$@" "${line%% -> *}" ;;
        *) set -- "$@" "$line" ;;
        esac
    done
    if [ $# -gt 0 ]; then run_case "$@" </dev/null; fi
}
table </kernels/network-off.txt
table </kernels/page-guard.txt

fi

# The attacks: each succeeds natively, else it proves nothing, and fails under supervise.

# attack KIND PATTERN COMMAND...
attack() {
    kind=$1 pattern=$2
    shift 2
    printed=$(limited "$@" 2>&1 </dev/null | tr '\n' ' ')
    printed=${printed% }
    if [ "$pattern" = '=' ]; then pattern=$before; fi
    before=$printed
    case $printed in
    $pattern) echo "ok $user: $kind: $command: $printed" ;;
    *) echo "not ok $user: $kind: $command: $printed, expected $pattern" ;;
    esac
}

while IFS='|' read -r kinds command natively supervised; do
    case $kinds in '#'* | '') continue ;; esac
    case $command in *$only*) ;; *) continue ;; esac
    if [ "$natively" != - ]; then
        attack "attack natively" "$natively" holding $kinds -- $command
    fi
    attack "attack" "$supervised" holding $kinds -- supervise --quiet -- $command
done </kernels/attacks.txt
