"""The machine that a test's commands run on."""

import os
import sys
from pathlib import Path

import pytest


def forget_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """git and DVC as where nobody has set anything but a name, in `folder/gitconfig`."""
    (folder / "gitconfig").write_text("[user]\n name = Some One\n email = one@example.org\n")
    for name, value in {
        "GIT_CONFIG_GLOBAL": str(folder / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / "site"),
        "DVC_GLOBAL_CONFIG_DIR": str(folder / "dvcconfig"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }.items():
        monkeypatch.setenv(name, value)
