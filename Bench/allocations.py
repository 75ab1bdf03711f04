"""How often the supervising process allocates memory, counted by a debugger at `malloc`."""

import re
import subprocess

import memory


def counted(command):
    """The allocations of the tracer of a command, from its word on that it is there until the end."""
    with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        run.stdout.readline()
        tracer = memory.field(run.pid, "TracerPid")
        debugger = [
            "gdb", "--readnever", "--quiet", "--batch", f"--pid={tracer}", "-ex", "break malloc",
            "-ex", "ignore 1 1000000000", "-ex", "echo attached\\n", "-ex", "continue",
            "-ex", "info breakpoints"]
        with subprocess.Popen(
                debugger, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True) as watching:
            for line in watching.stdout:
                if line.startswith("attached"):
                    break
            run.stdin.write("\n")
            run.stdin.flush()
            said = watching.stdout.read()
        run.stdout.read()
    hits = re.search(r"already hit (\d+) time", said)
    if hits is None:
        raise RuntimeError(f"gdb told of no allocation: {said}")
    return int(hits.group(1))


def table(supervise, options, calls):
    """Allocations of 1,000 calls: what a run with 1,100 takes more than one with 100."""
    yield "### Allocations of the supervising process\n"
    yield "| | | target | |"
    yield "|---|---|---|---|"
    for call in ["connect", "bind", "sendto", "sendmsg"]:
        few, many = (
            counted([supervise, *options, "--", "sh", "-c", 'echo ready; read end; exec "$@"', "sh",
                     *calls(call, number)])
            for number in (100, 1100))
        yield (f"| more for each of 1,000 judged and allowed {call} | {(many - few) / 1000:.2f} | 0 | "
               f"{'met' if many - few < 10 else '**not met**'} |")
    yield ""
