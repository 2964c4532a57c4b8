"""The tiny experiment as a user has it: its file, and the real commands."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

Steer = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def steer(tmp_path: Path) -> Steer:
    """Run the command in the project's folder, as a user would."""

    def run(*arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from polysteer.cli.main import main; main()", *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"COLUMNS": "80"}
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def project(tmp_path: Path, tiny_experiment: str) -> Path:
    """A folder with an experiments file and nothing else."""
    (tmp_path / "experiments.yaml").write_text(tiny_experiment)
    return tmp_path


@pytest.fixture
def list_imported() -> Callable[..., set[str]]:
    """Which packages a command has imported by its end, run in a folder as a user would."""
    code = """if True:
        import contextlib, sys
        from polysteer.cli.main import main
        with contextlib.suppress(SystemExit):
            main()
        print("imported", *{name.partition(".")[0] for name in sys.modules})
    """

    def run(folder: Path, *arguments: str) -> set[str]:
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        assert "Error" not in done.stderr
        return set(done.stdout.splitlines()[-1].split()[1:])

    return run


@contextmanager
def hold_by_hand(model, mask) -> Iterator[None]:
    """A mask of attn.out and mlp.hidden on a Llama: hooks written here, on modules named here."""
    handles = []
    for site, block, unit, value in zip(mask.site, mask.block, mask.unit, mask.value, strict=True):
        layer = model.model.layers[int(block)]

        def set_output(_m, _i, output, unit=int(unit), value=float(value)):
            tensor = output[0] if isinstance(output, tuple) else output
            tensor[:, 1:, unit] = value

        def set_input(_m, args, unit=int(unit), value=float(value)):
            args[0][:, 1:, unit] = value

        if mask.metadata.sites[int(site)] == "attn.out":
            handles.append(layer.self_attn.register_forward_hook(set_output))
        else:
            handles.append(layer.mlp.down_proj.register_forward_pre_hook(set_input))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@pytest.fixture
def held_by_hand() -> Callable[..., AbstractContextManager[None]]:
    """The way to hold a mask that shares nothing with ours."""
    return hold_by_hand
