"""What is measured, against what, and the targets. Called by Bench/run.sh."""

import argparse
import contextlib
import os
import pathlib
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile

import allocations
import chart
import memory
import projects
import servers
from comparison import Comparison, Growth, reported, whole

parser = argparse.ArgumentParser()
parser.add_argument("supervise")
parser.add_argument("floors", type=pathlib.Path)
parser.add_argument("rounds", type=int)
parser.add_argument("results", type=pathlib.Path)
parser.add_argument("only", nargs="?", default="", help="a part of the titles to measure")
options = parser.parse_args()
supervise, floors = options.supervise, options.floors.resolve()


def program(name, *arguments):
    return [str(floors / name), *map(str, arguments)]


def pinned(*command):
    """Everything on one core: how long it takes until another one wakes up is not what is compared."""
    return ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0))), *command]


def peers(command, *, networked=False):
    """The same command by other tools, those that are installed.

    Without a network of the host's a tool says nothing about work that needs one."""
    all_of_them = {
        "strace": ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect", "-o", "/dev/null"],
        "bubblewrap": ["bwrap", "--dev-bind", "/", "/", "--unshare-net"],
        "firejail": ["firejail", "--quiet", "--noprofile", "--net=none"],
        "proot": ["proot"],
    }
    return {
        name: [*prefix, *command] for name, prefix in all_of_them.items()
        if shutil.which(prefix[0]) and not (networked and name in ("bubblewrap", "firejail"))}


missing = [name for name in ["strace", "bwrap", "firejail", "proot", "gdb"] if not shutil.which(name)]

# Strace without a filter of its own takes every call; with its injection it refuses one.
strace = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null"]
local = ["--quiet", "--allow", "outgoing,incoming localhost"]
# The address decides, whatever the socket: the call is made with sealed arguments.
addressed = ["--quiet", "--network", "on", "--deny", "bind,connect,send 192.0.2.0/24"]
# The verdict depends on the socket: the call is made on a copy that nobody can exchange.
by_socket = ["--quiet", "--allow", "connect udp localhost", "--deny", "connect tcp localhost"]
loop = "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done"


def start():
    yield Comparison(
        "Start and end: `true`", "ms", whole, 5, {
            "native": ["true"], **peers(["true"]), "supervise": [supervise, "--", "true"],
        }, {"supervise": ("strace", 1)})
    yield Comparison(
        "1,000 times fork and exec of `/bin/true`, from a shell", "ms", whole, 1, {
            "native": ["sh", "-c", loop],
            "trace and go on": program("traced", "sh", "-c", loop),
            **peers(["sh", "-c", loop]),
            "supervise": [supervise, "--", "sh", "-c", loop],
        }, {"supervise": ("native", 1.08)})


def work(folder, port):
    """Whole commands."""
    make = ["sh", "-c", f"make -s -C {folder}/c clean && make -s -j2 -C {folder}/c"]
    yield Comparison(
        "`make -j2` of 40 files of C", "ms", whole, 1, {
            "native": make, **peers(make), "supervise": [supervise, "--", *make]})
    clone = ["sh", "-c", f"rm -rf {folder}/clone && "
             f"git clone -q http://127.0.0.1:{port}/served.git {folder}/clone"]
    yield Comparison(
        "`git clone` over local http", "ms", whole, 1, {
            "native": clone, **peers(clone, networked=True),
            "supervise": [supervise, *local, "--", *clone]})
    suite = ["sh", "-c", f"cd {folder} && exec python3 -m unittest -q test_echo 2>/dev/null"]
    yield Comparison(
        "A Python test suite of 100 servers and clients", "ms", whole, 1, {
            "native": suite, **peers(suite, networked=True),
            "supervise": [supervise, *local, "--", *suite]})
    for title, call in [
            ("A sender of 5,000 UDP datagrams with destinations", "sendto"),
            ("5,000 messages to another process and back, `sendmsg` over AF_UNIX", "pingpong")]:
        exchange = program("calls", call, 5000)
        yield Comparison(
            title, "ms", whole, 1, {
                "native": exchange, "trace and go on": program("traced", *exchange),
                "strace": [*strace, "-e", "trace=sendto,sendmsg", *exchange],
                "supervise": [supervise, *addressed, "--", *exchange]})
    serve = [supervise, "--quiet", "--allow", "incoming tcp localhost", "--"]
    for name, binary, measure in [
            ("redis-benchmark, 20 clients, `get`", "redis-server", servers.redis),
            ("nginx under wrk, 10 connections", "nginx", servers.nginx)]:
        if shutil.which(binary):
            yield Comparison(
                f"{name}: the server under an allowing policy", "us a request", measure, 1,
                {"native": [], "bare filter": program("filtered", "allow"), "supervise": serve},
                {"supervise": ("native", 1 / 0.98)})
        else:
            missing.append(binary)


def events():
    for title, event, count, most in [
            ("A thread is made and joined", "thread", 300, 1.15),
            ("fork, exit and wait", "fork", 200, 1.15),
            ("vfork and exec of `/bin/true`", "vfork", 100, None),
            ("A signal is caught", "signal", 1000, 1.15),
            ("A child is stopped and goes on", "stop", 300, None)]:
        command = program("events", event, count)
        yield Comparison(
            title, "ns", reported, 3, {
                "native": command,
                "trace and go on": program("traced", *command),
                "strace": [*strace, "-e", "trace=connect", *command],
                "supervise": [supervise, "--", *command],
            }, {"supervise": ("trace and go on", most)} if most else {})


def calls():
    command = program("loop", "getppid", 400000)
    yield Comparison(
        "A call that is not judged: getppid", "ns a call", reported, 1, {
            "native": command,
            "bare filter": program("filtered", "allow", *command),
            "supervise": [supervise, "--", *command],
        }, {"supervise": ("bare filter", 1.005)})
    command = program("loop", "socket", 300000)
    yield Comparison(
        "A refused call: socket, with `--quiet`", "ns a call", reported, 1, {
            "bare filter": program("filtered", "errno", *command),
            "supervise": [supervise, "--quiet", "--", *command],
        }, {"supervise": ("bare filter", 1.1)})
    for call, note in [
            ("connect", "connect to an address"), ("bind", "bind"),
            ("sendto", "sendto with an address"), ("sendmsg", "sendmsg without one, AF_UNIX")]:
        for way, wrap, busy in [
                ("pinned to one core", pinned, 0), ("on any core", lambda *all: list(all), 0),
                ("on any core, another process makes it too", lambda *all: list(all), 1)]:
            command = program("calls", call, 1000, busy)
            candidates = {
                "native": wrap(*command),
                "trace and go on": wrap(*program("traced", *command)),
                "notify and go on": wrap(*program("notified", "plain", *command)),
                "notify, handing over": wrap(*program("notified", "sync", *command)),
                "strace": wrap(*strace, "-e", f"trace={call}", *command),
            }
            if wrap is pinned:
                candidates["two stops"] = wrap(*program("sealed", *command))
            elif busy == 0:
                candidates["two stops, awake"] = wrap(*program("sealed", "-w", *command))
            if call == "sendmsg":
                # It sends a descriptor by that call itself.
                del candidates["notify and go on"], candidates["notify, handing over"]
            targets = {}
            if call == "connect":
                # What it takes to refuse: nothing of strace's holds a call that is allowed.
                candidates["strace, injecting"] = wrap(
                    *strace, "-e", f"trace={call}", "-e", f"inject={call}:retval=0", *command)
                candidates["supervise, ranges guarded"] = wrap(
                    supervise, *addressed, "--page-guard", "ranges", "--", *command)
                candidates["supervise, by the socket"] = wrap(supervise, *by_socket, "--", *command)
                if way == "pinned to one core":
                    targets["supervise"] = ("trace and go on", 1.6)
                elif busy == 0:
                    targets["supervise"] = ("strace, injecting", 0.2)
            candidates["supervise"] = wrap(supervise, *addressed, "--", *command)
            yield Comparison(
                f"A judged and allowed call, {note}, {way}", "ns a call", reported, 1, candidates,
                targets)
    yield Comparison(
        "What a program's first sealed call takes longer, for the page to be mapped", "ns", reported, 9, {
            "native": pinned(*program("loop", "first", 10)),
            "trace and go on": pinned(*program("traced", *program("loop", "first", 10))),
            "cheapest mapping": pinned(*program("mapped", *program("loop", "first", 10))),
            "supervise": pinned(supervise, "--", *program("loop", "first", 10)),
        }, {"supervise": (None, 200000)})
    yield Comparison(
        "The same in programs that are executed later in the same run", "ns", later, 9, {
            "cheapest mapping": pinned(*program("mapped"), *program("loop", "first", 10)),
            "supervise": pinned(supervise, "--", *program("loop", "first", 10)),
        }, {"supervise": (None, 200000)})
    command = program("deep", 1000)
    yield Comparison(
        "A refused and logged call from a stack of 20 frames, without and with `--backtrace`; the "
        "difference is to be less than 300,000", "ns a call", reported, 1, {
            "supervise": [supervise, "--log", "/dev/null", "--", *command],
            "supervise -k": [supervise, "-k", "--log", "/dev/null", "--", *command],
        })


def later(command, runs):
    """What `loop first 10` printed that ran several times one after the other, but for the first time."""
    again = " && ".join([shlex.join(command[-3:])] * (runs + 1))
    run = subprocess.run(
        [*command[:-3], "sh", "-c", again], check=True, stdout=subprocess.PIPE, text=True)
    return [float(line) for line in run.stdout.split()[1:]]


def growth():
    def made(*prefix):
        return lambda idle: pinned(*prefix, *program("calls", "connect", 300, 0, idle))
    yield Growth(
        "A judged connect with idle processes in the tree, pinned to one core",
        [0, 9, 99, 999, 3999], {
            "trace and go on": made(*program("traced")),
            "strace": made(*strace, "-e", "trace=connect"),
            "supervise": made(supervise, *addressed, "--"),
        }, {999: 1.2, 3999: 1.2})


def first(path, prefix):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(prefix):
            return line.split(":", 1)[1].strip()
    return "?"


def measure(comparisons, rounds):
    load = os.getloadavg()[0]
    for number in range(rounds):
        for comparison in comparisons:
            print(f"\r\x1b[Kround {number + 1} of {rounds}: {comparison.title}",
                  end="", file=sys.stderr, flush=True)
            comparison.round()
    print("\r\x1b[K", end="", file=sys.stderr)
    return load


with contextlib.ExitStack() as stack:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="supervise-bench-"))
    projects.make(folder)
    port = servers.free_port()
    stack.enter_context(servers.serving(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)], port, folder))
    everything = [*start(), *work(folder, port), *events(), *calls(), *growth()]
    chosen = [one for one in everything if options.only in one.title]
    load = measure(chosen, options.rounds)

version = subprocess.run(["strace", "--version"], stdout=subprocess.PIPE, text=True).stdout
lines = [
    "# Measured",
    "",
    f"`Bench/run.sh`: {options.rounds} rounds, in each of which every candidate has its turn. A ratio is the "
    "median of the rounds'",
    "ratios, so that it compares what ran side by side. Calls that are not stopped are measured in "
    "processor time,",
    "everything else by the clock; of calls and events a round's figure is the median of many.",
    "",
    f"Machine: {first('/proc/cpuinfo', 'model name')}, {len(os.sched_getaffinity(0))} cores, "
    f"Linux {platform.release()}; {version.splitlines()[0]}. Load average before: {load:.1f}; much more than 0 "
    "is other work,",
    "which what takes several processes, as a start does, suffers from most."
    + (f" Not installed: {', '.join(missing)}." if missing else ""),
    "",
]
for comparison in chosen:
    lines += comparison.table()
if options.only in "Memory":
    lines += memory.table(supervise)
if options.only in "Allocations" and shutil.which("gdb"):
    lines += allocations.table(
        supervise, addressed, lambda call, count: program("calls", call, count))
text = "\n".join(lines).rstrip() + "\n"
if not options.only:
    options.results.write_text(text)
    chart.draw(chosen, options.results.with_name("results.svg"))
print(text, end="")
