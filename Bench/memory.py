"""The resident size of the supervising process."""

import pathlib
import re
import subprocess
import sys

# Says that it is there, and waits for the end of its input.
waits = "echo ready; read end"


def field(pid, name):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{name}:\s*(\d+)", text, re.MULTILINE).group(1))


def resident(command):
    """KiB of the tracer of a command, when the command has said that it is there."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        run.stdout.readline()
        size = field(field(run.pid, "TracerPid"), "VmRSS")
        run.stdin.close()
        run.stdout.read()
    return size


def table(supervise):
    many = 1000
    rest = resident([supervise, "--", "sh", "-c", waits])
    idle = f"i=0; while [ $i -lt {many} ]; do sleep 1000 & i=$((i+1)); done; {waits}; kill $(jobs -p)"
    tracees = resident([supervise, "--", "bash", "-c", idle])
    calls = "import socket\nfor _ in range(100000):\n try: socket.socket()\n except OSError: pass\n"
    events = resident([
        supervise, "--log", "/dev/null", "--", "sh", "-c", f'"$0" -c "$1"; {waits}',
        sys.executable, calls])
    yield "### Memory of the supervising process\n"
    yield "| | | target | |"
    yield "|---|---|---|---|"
    for name, figure, unit, most in [
            ("resident at rest", rest / 1024, "MiB", 12),
            (f"more for each of {many:,} tracees", (tracees - rest) / many, "KiB", 2),
            ("more after 100,000 logged events", (events - rest) / 1024, "MiB", None)]:
        target = met = ""
        if most is not None:
            target, met = f"at most {most}", "met" if figure <= most else "**not met**"
        yield f"| {name} | {figure:.2f} {unit} | {target} | {met} |"
    yield ""
