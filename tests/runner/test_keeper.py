"""jobjoker-keeper by itself, with a program of ours that makes its passes."""
import fcntl
import os

from test_runner import BUILD

KEEPER = BUILD / "runner" / "jobjoker-keeper"


def passes(folder, *answers):
    """Runs it with these answers, which are lines of sh, and returns how many passes it has made."""
    program = folder / "program"
    cases = "\n".join(f"{n}) {line} ;;" for n, line in enumerate(answers, 1))
    program.write_text(f'#!/bin/sh\necho pass >>"{folder}/passes"\ncase $(wc -l <"{folder}/passes") in\n{cases}\nesac\n')
    program.chmod(0o700)
    path = folder / "keeper"
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    pid = os.posix_spawn(str(KEEPER), [str(KEEPER), str(path), str(program)], {"PATH": "/usr/bin:/bin"},
                         file_actions=[(os.POSIX_SPAWN_DUP2, lock, 3)])
    os.close(lock)
    assert os.waitpid(pid, 0)[0] == pid
    return len((folder / "passes").read_text().split())


def test_it_looks_once_more_after_it_has_given_its_file_away(tmp_path):
    assert passes(tmp_path, "echo 0", "echo 0") == 2
    assert not (tmp_path / "keeper").exists()


def test_it_goes_on_when_that_last_look_fails(tmp_path):
    """What was scheduled while it went would wait for nobody."""
    assert passes(tmp_path, "echo 0", "exit 1", "echo 0", "echo 0") == 4
    assert not (tmp_path / "keeper").exists()
