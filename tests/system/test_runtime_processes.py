"""The runtime's processes: found by the port, followed by id, and never looked for on each tick."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.made_up_sysfs import write
from tui.system import runtime_processes
from tui.system.runtime_processes import LOOK_AGAIN_S, RuntimeFinder, children_of, owner_of

TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0        0 111 1 0
   1: 0100007F:1F91 0100007F:0050 01 00000000:00000000 00:00000000 00000000  0        0 222 1 0"""


def made_up_proc(root: Path) -> Path:
    write(root, {"net/tcp": TCP, "net/tcp6": "", "50/stat": "50 (x) S 1", "60/stat": "60 (y) S 1"})
    for pid, target in ((50, "socket:[999]"), (60, "socket:[111]")):
        (root / str(pid) / "fd").mkdir()
        (root / str(pid) / "fd" / "3").symlink_to(target)
    return root


def test_the_owner_of_a_port_is_the_process_that_holds_its_socket(tmp_path: Path) -> None:
    proc = made_up_proc(tmp_path)
    assert owner_of(0x1F90, proc) == 60
    assert owner_of(0x1F91, proc) is None  # connected, not listening
    assert owner_of(1234, proc) is None


def test_the_owner_of_a_real_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert owner_of(server.getsockname()[1]) == os.getpid()


def test_children_are_those_that_the_kernel_lists_for_each_thread(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "7/task/7/children": "8 ",
            "7/task/9/children": "10 ",
            "8/task/8/children": "11",
            "10/task/10/children": "",
            "11/task/11/children": "7",  # a ring must not hang
        },
    )
    assert children_of(7, tmp_path) == (8, 10, 11)


def test_without_that_list_parents_are_asked_for(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "7/stat": "7 (a server) S 1 1",
            "8/stat": "8 (a (b) c) S 7 1",
            "9/stat": "9 (x) S 8 1",
            "10/stat": "10 (x) S 1 1",
            "11/stat": "garbage",
        },
    )
    assert children_of(7, tmp_path) == (8, 9)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_real_child_is_found() -> None:
    code = "import sys; print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in children_of(os.getpid())
        child.kill()


def test_a_process_that_the_backend_names_is_never_looked_for() -> None:
    finder = RuntimeFinder(77, "http://127.0.0.1:8080")
    assert finder.found.pids == (77,)
    assert not finder.due(1e9)


@pytest.mark.parametrize("address", ["http://10.0.0.7:8080", "https://example.org", "http://[x"])
def test_a_server_elsewhere_has_no_process_here(address: str) -> None:
    finder = RuntimeFinder(None, address)
    assert not finder.due(1e9)
    assert finder.found.pids == ()
    assert finder.found.reason == "it runs on another machine"


def test_one_looks_seldom_and_only_until_it_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc = made_up_proc(tmp_path)
    walks = 0
    look = runtime_processes._pids

    def counted(folder: Path) -> list[int]:
        nonlocal walks
        walks += 1
        return look(folder)

    monkeypatch.setattr(runtime_processes, "_pids", counted)
    finder = RuntimeFinder(None, f"http://localhost:{0x1F92}", proc)
    for second in range(120):  # nobody listens: asking costs no walk
        if finder.due(float(second)):
            assert "port 8082" in finder.find(float(second)).reason
    assert walks == 0
    (proc / "net" / "tcp").write_text(TCP.replace("1F90", "1F92").replace("111", "333"))
    for second in range(120, 240):  # another user's process
        if finder.due(float(second)):
            finder.find(float(second))
    assert 1 <= walks <= 3
    walks = 0
    (proc / "net" / "tcp").write_text(TCP.replace("1F90", "1F92"))
    write(proc, {"60/task/60/children": ""})
    for second in range(300, 600):
        if finder.due(float(second)):
            assert finder.find(float(second)).pids == (60,)
    assert walks == 1
    finder.lost(600.0)
    assert not finder.due(600.0)
    assert finder.due(600.0 + LOOK_AGAIN_S[0])
