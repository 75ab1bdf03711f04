#!/usr/bin/env bash
# Runs real commands under supervise, says what happens, and checks that it did.
#
#   Tools/demo.sh [PATH OF SUPERVISE]
#
# Everything stays on the loopback interface and in a temporary folder.

set -euo pipefail

supervise=$(realpath "${1:-.build/release/supervise}")
folder=$(mktemp -d)
export LC_ALL=C NO_COLOR=1
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
servers=()

finish() {
    local server
    for server in "${servers[@]}"; do
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap finish EXIT

say() { printf '\n# %s\n' "$*"; }
wrong() {
    printf '\ndemo: this is not what should have happened: %s\n' "$*" >&2
    exit 1
}

# show COMMAND...: shows the command and what it prints; $output and $status are kept.
show() {
    printf '$'
    local word
    for word in "$@"; do
        [[ $word == "$supervise" ]] && word=supervise
        if [[ $word =~ ^[A-Za-z0-9_./:=@,+-]+$ ]]; then
            printf ' %s' "$word"
        else
            printf " '%s'" "${word//\'/\'\\\'\'}"
        fi
    done
    printf '\n'
    status=0
    output=$("$@" 2>&1) || status=$?
    [[ -z $output ]] || printf '%s\n' "$output"
    [[ $status -eq 0 ]] || printf '(exit status %s)\n' "$status"
}
expect_status() { [[ $status -eq $1 ]] || wrong "exit status $status, expected $1"; }
expect_output() { [[ $output == *"$1"* ]] || wrong "no '$1' in the output"; }
expect_no_output() { [[ $output != *"$1"* ]] || wrong "'$1' in the output"; }

# start READY COMMAND...: starts a server and waits until it has written the file READY.
start() {
    local ready=$1
    shift
    mkfifo "$ready.open"
    "$@" 3>"$ready.open" &
    servers+=($!)
    # The read ends when the server writes a line, or with the server.
    IFS= read -r answer <"$ready.open" || wrong "the local server did not start"
}

cd "$folder"
mkdir site
echo 'Hello from the local server.' >site/hello.txt

# A web server on a free port of the loopback interface, and a server on a path socket; both say on
# descriptor 3 when they are ready.
cat >web.py <<'PYTHON'
import functools, http.server, os
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments): pass
server = http.server.ThreadingHTTPServer(
    ("127.0.0.1", 0), functools.partial(Quiet, directory="site"))
os.write(3, b"%d\n" % server.server_port)
os.close(3)
server.serve_forever()
PYTHON
cat >path.py <<'PYTHON'
import os, socket
server = socket.socket(socket.AF_UNIX)
server.bind("greeter")
server.listen()
os.write(3, b"ready\n")
os.close(3)
while True:
    client, _ = server.accept()
    client.sendall(b"Hello over a path socket.\n")
    client.close()
PYTHON
start web python3 web.py
port=$answer
start path python3 path.py
url="http://127.0.0.1:$port/hello.txt"

say "A web server runs on this machine. Without supervise, curl reaches it:"
show curl -sS "$url"
expect_status 0
expect_output 'Hello from the local server.'

say "With supervise it cannot have a socket: EPERM. The lines at the end say what was refused."
show "$supervise" -- curl -sS "$url"
expect_status 7
expect_no_output 'Hello'
expect_output 'refused (network off)'
expect_output 'x create tcp   curl   EPERM'

say "That holds for everything that the command starts, here a shell's child's child:"
show "$supervise" -- sh -c 'sh -c "python3 -c \"import socket; socket.socket()\" 2>&1 | tail -n 1"'
expect_status 0
expect_output 'PermissionError: [Errno 1] Operation not permitted'
expect_output 'supervise: 1 call was refused (network off)'

say "Sockets with a name in the file system are no network, and go on working:"
connect='import socket
client = socket.socket(socket.AF_UNIX)
client.connect("greeter")
print(client.recv(100).decode(), end="")'
show "$supervise" -- python3 -c "$connect"
expect_status 0
[[ $output == 'Hello over a path socket.' ]] || wrong "something else than the greeting"

say "--audit refuses nothing: curl reaches the server, and the log has what would have happened."
show "$supervise" --audit --log audit.txt -- curl -sS "$url"
expect_status 0
[[ $output == 'Hello from the local server.' ]] || wrong "something else than the page"
show grep -c would-deny audit.txt
expect_output 2
show grep "connect  tcp" audit.txt
expect_output "127.0.0.1:$port"
expect_output 'would-deny EPERM'

say "The same as JSON, one object a line:"
show "$supervise" --audit --log audit.jsonl -- curl -sS "$url"
expect_status 0
select='import json
for line in open("audit.jsonl"):
    event = json.loads(line)
    if event.get("result") == "would-deny":
        print(event["operation"], event["protocol"], event.get("remote", "-"), event["errno"])'
show python3 -c "$select"
[[ $output == "create tcp - EPERM
connect tcp 127.0.0.1:$port EPERM" ]] || wrong "other events"

say "The exit status is the command's own, death by a signal stays death by that signal:"
show "$supervise" -- sh -c 'exit 42'
expect_status 42
show "$supervise" -- sh -c 'kill -TERM $$'
expect_status 143

say "And what is not refused is as it always was:"
show "$supervise" -- sh -c 'echo "1 2 3" | tr " " "\n" | sort -r | paste -sd " "'
expect_status 0
[[ $output == '3 2 1' ]] || wrong "something else than 3 2 1"

printf '\ndemo: all of this was as it should be\n'
