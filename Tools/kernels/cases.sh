# Runs in the machine that Tools/test-kernels.sh boots: every case as the user it is started as.
#
#   sh /kernels/cases.sh USER [commands|tables]
#
# `commands` leaves the tables and the attacks out, `tables` the attacks.
# Prints `ok TITLE` or `not ok TITLE` for each, after that what differed; lines with # are remarks.

user=$1${2:+ ($2)}
folder=/tmp/$1$2
mkdir "$folder" && cd "$folder" || exit 1
export PATH=/kernels/bin:/bin

# limited COMMAND...: a case takes a second or two here, and one that takes a hundred hangs. How long that is
# on a machine that is emulated, and busy, nobody knows beforehand: so time is told by what else is done in it.
limited() {
    # A group of its own: whoever is left of it would keep the pipe open that the case's output is read from.
    setsid "$@" &
    process=$!
    (
        n=0
        while [ $n -lt 100 ]; do
            sleep 1
            for start in 1 2 3 4 5; do supervise -- true; done
            n=$((n + 1))
        done
        kill -TERM -$process
        sleep 1
        kill -KILL -$process
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
  to allow: --allow '"'"'create tcp'"'"'; --learn FILE finds what for
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
mkdir -m 777 paths
check "lets a path that rules allow be connected to" 's=socket(AF_UNIX,SOCK_STREAM) = 3
bind($s,unix:paths/good) = 0
listen($s) = 0
d=socket(AF_UNIX,SOCK_STREAM) = 4
bind($d,unix:paths/bad) = 0
listen($d) = 0
c=socket(AF_UNIX,SOCK_STREAM) = 5
connect($c,unix:paths/bad) = EPERM
connect($c,unix:paths/good) = 0
exit 0' supervise --quiet --network on --deny "connect unix $folder/paths/bad" -- probe \
    's=socket(AF_UNIX,SOCK_STREAM)' 'bind($s,unix:paths/good)' 'listen($s)' \
    'd=socket(AF_UNIX,SOCK_STREAM)' 'bind($d,unix:paths/bad)' 'listen($d)' \
    'c=socket(AF_UNIX,SOCK_STREAM)' 'connect($c,unix:paths/bad)' 'connect($c,unix:paths/good)'
rm paths/good paths/bad
check "is led to no other path by what is mounted over a number" 'covered, connected 0, reached 0
exit 0' supervise --quiet --network on --deny "connect unix $folder/paths/bad" -- cover-number "$folder/paths" 50
check "logs what --audit lets through" 'socket(AF_INET,SOCK_STREAM) = 3
socket tcp would-deny EPERM
exit 0' sh -c 'supervise --quiet --audit --log log -- probe "socket(AF_INET,SOCK_STREAM)" || exit
    while read -r time pid program call protocol remote result error rule; do
        echo "$call $protocol $result $error"
    done <log'

if [ "$2" = commands ]; then exit; fi

# The decision tables, in every ABI; a test for each run. How long one may take is for a machine that is slow.
for file in /kernels/semantics/*.toml; do
    name=${file##*/}
    supervise selftest --cases /kernels/semantics --case "${name%.toml}/*" --profile rlimit-network \
        --format tap --seconds 600 >tap 2>&1 </dev/null
    sed -n -e "s/^\(not \)\{0,1\}ok [0-9]* - /\1ok $user: /p" -e 's/^# \(.*: expected \)/    \1/p' \
        -e "s/^supervise: /not ok $user: /p" tap
done

fi

if [ "$2" = tables ]; then exit; fi

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
