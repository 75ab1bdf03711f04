"""What the whole commands work on, made anew for each run of the benchmarks."""

import pathlib
import subprocess

suite = '''"""A server and clients of it, many times."""

import socket
import threading
import unittest


class Echo(unittest.TestCase):
    def exchange(self, family, address):
        with socket.create_server(address, family=family) as server:
            def answer():
                connection, _ = server.accept()
                with connection:
                    connection.sendall(connection.recv(100))
            thread = threading.Thread(target=answer)
            thread.start()
            with socket.create_connection(server.getsockname()) as client:
                client.sendall(b"hello")
                self.assertEqual(client.recv(100), b"hello")
            thread.join()


for number in range(100):
    setattr(Echo, f"test_{number}", lambda self: self.exchange(socket.AF_INET, ("127.0.0.1", 0)))
'''


def make(folder):
    """The three projects, below a folder."""
    folder = pathlib.Path(folder)
    c = folder / "c"
    c.mkdir()
    for number in range(40):
        (c / f"part{number}.c").write_text(
            f"#include <stdio.h>\nint part{number}(int x) {{ return printf(\"%d\", x) + {number}; }}\n")
    (c / "Makefile").write_text(
        "parts := $(patsubst %.c,%.o,$(wildcard *.c))\nall: $(parts)\nclean:\n\trm -f $(parts)\n")

    (folder / "test_echo.py").write_text(suite)

    work = folder / "work"
    git = ["git", "-C", str(work), "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    subprocess.run(["git", "init", "-q", str(work)], check=True)
    for number in range(50):
        (work / f"file{number}").write_text(f"{number}\n" * 100)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "files"], check=True)
    bare = folder / "served.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    subprocess.run(["git", "-C", str(bare), "update-server-info"], check=True)
