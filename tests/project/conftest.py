import subprocess

import pytest

from support.machine import forget_settings


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory, monkeypatch):
    forget_settings(tmp_path_factory.mktemp("settings"), monkeypatch)


@pytest.fixture
def run():
    """A command as a user types it; what it printed, both streams."""

    def run_command(*command, cwd, expect=0):
        done = subprocess.run(
            command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == expect, done.stdout
        return done.stdout

    return run_command
