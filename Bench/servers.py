"""Servers that are measured from outside, and what they need."""

import contextlib
import pathlib
import re
import socket
import subprocess
import tempfile
import time


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextlib.contextmanager
def serving(command, port, folder):
    """A server that accepts on a port, until the block ends."""
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            if process.poll() is not None:
                raise RuntimeError(f"{command} ended with {process.returncode}")
            time.sleep(0.01)
        yield process
    finally:
        process.terminate()
        process.wait()


def redis(prefix, _):
    """Microseconds a request of redis-benchmark, the server started with a prefix."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        server = [*prefix, "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        with serving(server, port, folder):
            run = subprocess.run(
                ["redis-benchmark", "-p", str(port), "-t", "get", "-n", "200000", "-c", "20", "--csv"],
                check=True, stdout=subprocess.PIPE, text=True)
    return [1e6 / float(run.stdout.splitlines()[-1].split(",")[1].strip('"'))]


def nginx(prefix, _):
    """Microseconds a request of wrk, the server started with a prefix."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        path.chmod(0o755)
        (path / "index.html").write_text("served\n")
        configuration = path / "nginx.conf"
        configuration.write_text(f"""
            daemon off;
            error_log /dev/null;
            pid {folder}/pid;
            worker_processes 1;
            events {{}}
            http {{
                access_log off;
                client_body_temp_path {folder}/body;
                server {{
                    listen 127.0.0.1:{port};
                    root {folder};
                }}
            }}
            """)
        with serving([*prefix, "nginx", "-c", str(configuration)], port, folder):
            run = subprocess.run(
                ["wrk", "-t", "1", "-c", "10", "-d", "3s", f"http://127.0.0.1:{port}/"],
                check=True, stdout=subprocess.PIPE, text=True)
    rate = re.search(r"Requests/sec:\s*([0-9.]+)", run.stdout)
    return [1e6 / float(rate.group(1))]
