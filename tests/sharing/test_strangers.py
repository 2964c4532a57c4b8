"""Pulling from a stranger's repository: nothing in it runs here, and its address is asked about first."""

import hashlib
import json
import shutil
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from polysteer.errors import SharingError
from polysteer.masks import ExpertMask, MaskMetadata
from polysteer.sharing.git import clone_bare, open_snapshot
from polysteer.sharing.pull import pull_mask
from polysteer.sharing.remote import find_remote
from support.machine import forget_settings

PLACE = "artifacts/try/ja.safetensors"
REMOTE = "[core]\n remote = store\n['remote \"store\"']\n"


class Stranger:
    """A git repository that says it has published a mask, and the folder its files are in."""

    def __init__(self, root: Path) -> None:
        self.root, self.store = root / "theirs", root / "store"
        self.root.mkdir()
        metadata = MaskMetadata(language="ja", sites=["mlp.out"], experts="own", intervention="ablate")
        mask = root / "ja.safetensors"
        ExpertMask(metadata, np.zeros(1, np.uint8), np.zeros(1, np.int32), np.zeros(1, np.int32)).save(mask)
        self.content = mask.read_bytes()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True)

    def publish(self, config: str, files: dict[str, str] | None = None) -> None:
        """Commit and tag a project with this .dvc/config, and put the mask into the store."""
        md5 = hashlib.md5(self.content).hexdigest()
        out = f"outs:\n- md5: {md5}\n  hash: md5\n  path: ja.safetensors\n"
        texts = {
            ".dvc/config": config,
            "dvc.yaml": f"artifacts:\n  try-ja: {{path: {PLACE}, type: mask}}\n",
            f"{PLACE}.dvc": out,
            **(files or {}),
        }
        for name, text in texts.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        kept = self.store / "files/md5" / md5[:2] / md5[2:]
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(self.content)
        self.git("add", "--all", "--force", ".")
        self.git("commit", "-q", "-m", "results")
        self.git("tag", "-a", "try-ja@v1.0.0", "-m", "results")


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    forget_settings(tmp_path, monkeypatch)
    return Stranger(tmp_path)


def pull(stranger, tmp_path, *, asked=None):
    def approve(address):
        if asked is not None:
            asked.append(str(address))
        return True

    return pull_mask(str(stranger.root), "try-ja", approve=approve, out=tmp_path / "got.safetensors")


def check_refused(stranger, tmp_path, complaint):
    """Nothing is asked and nothing is written."""
    asked: list[str] = []
    with pytest.raises(SharingError, match=complaint):
        pull(stranger, tmp_path, asked=asked)
    assert not asked
    assert not (tmp_path / "got.safetensors").exists()


def test_the_address_is_asked_about_before_anything_is_read(stranger, tmp_path):
    stranger.publish(f"{REMOTE} url = {stranger.store}\n")
    with pytest.raises(SharingError, match=r"was not fetched from .*store, as you chose"):
        pull_mask(str(stranger.root), "try-ja", approve=lambda _: False, out=tmp_path / "got.safetensors")
    assert not (tmp_path / "got.safetensors").exists()
    asked: list[str] = []
    assert pull(stranger, tmp_path, asked=asked).path.read_bytes() == stranger.content
    assert asked == [str(stranger.store)]


def test_a_path_may_be_relative_to_the_project_as_dvc_reads_it(stranger, tmp_path):
    stranger.publish(f"{REMOTE} url = ../../store\n")
    asked: list[str] = []
    pull(stranger, tmp_path, asked=asked)
    assert asked == [str(stranger.store)]


def test_a_mask_that_git_itself_keeps_needs_no_address(stranger, tmp_path):
    (stranger.root / PLACE).parent.mkdir(parents=True)
    (stranger.root / PLACE).write_bytes(stranger.content)
    stranger.publish(f"{REMOTE} url = s3://some-bucket\n profile = lab\n")
    asked: list[str] = []
    got = pull(stranger, tmp_path, asked=asked)
    assert (got.checked_against, got.path.read_bytes(), asked) == ("git", stranger.content, [])


ATTACK = " url = s3://some-bucket/masks\n configpath = ../cloud/aws\n profile = lab\n"


def publish_attack(stranger, proof):
    process = f'[profile lab]\nregion = us-east-1\ncredential_process = sh -c "touch {proof}"\n'
    stranger.publish(REMOTE + ATTACK, {"cloud/aws": process})


def test_a_remote_that_would_run_a_command_is_refused(stranger, tmp_path):
    publish_attack(stranger, tmp_path / "proof")
    check_refused(stranger, tmp_path, "the setting configpath, which is not taken from a repository")


@pytest.mark.skipif(find_spec("dvc_s3") is None, reason="needs dvc-s3")
def test_the_command_runs_for_dvc_alone_and_not_for_steer(stranger, tmp_path, monkeypatch):
    proof = tmp_path / "proof"
    publish_attack(stranger, proof)
    monkeypatch.chdir(stranger.root)
    for name in ("AWS_CONFIG_FILE", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    read = "from dvc.api import DVCFileSystem as F; F('.').get_file('artifacts/try/ja.safetensors', 'x')"
    subprocess.run([sys.executable, "-c", read], check=False, capture_output=True)
    assert proof.exists()
    proof.unlink()
    check_refused(stranger, tmp_path, "the setting configpath")
    assert not proof.exists()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ("url = s3://bucket\n profile = lab", "the setting profile"),
        ("url = s3://bucket\n credentialpath = keys", "the setting credentialpath"),
        ("URL = s3://bucket\n ConfigPath = keys", "the setting configpath"),
        ("url = s3://bucket\n endpointurl = file:///etc/passwd", "the setting endpointurl"),
        ("url = s3://bucket\n endpointurl = http://[x", "the setting endpointurl"),
        ("url = s3://[bucket", "the URL"),
        ("url = s3://bucket\n region = a b", "the setting region"),
        ("url = gs://bucket\n credentialpath = keys", "the setting credentialpath"),
        ("url = azure://box\n connection_string = x", "the setting connection_string"),
        ("url = ssh://example.org/x\n keyfile = key", "the setting keyfile"),
        ("url = ssh://example.org/x\n ask_password = true", "the setting ask_password"),
        ("url = ssh://-oProxyCommand=touch/x", "the URL"),
        ("url = ssh://one:secret@example.org/x", "the URL"),
        ("url = https://example.org\n auth = custom\n custom_auth_header = X", "the setting auth"),
        ("url = https://example.org\n ssl_verify = false", "the setting ssl_verify"),
        ("url = https://example.org/?token=1", "the URL"),
        ("url = https://example.org/\x1b[2J", "the URL"),
        ("url = gdrive://folder\n gdrive_client_secret = x", "the URL"),
        ("url = webhdfs://example.org\n token = x", "the URL"),
        ("url = hdfs://example.org", "the URL"),
        ("url = webdavs://example.org\n bearer_token_command = touch x", "the URL"),
        ("url = remote://other/x", "the URL"),
        ("url = ext::sh -c touch", "the URL"),
        ("url = ../../store\n shared = group", "the setting shared"),
        ("url = ../../store\n surprise = 1", "the setting surprise"),
        ("", "names no default DVC remote"),
    ],
)
def test_settings_beyond_an_address_are_refused(stranger, tmp_path, settings, complaint):
    stranger.publish(f"{REMOTE} {settings}\n")
    check_refused(stranger, tmp_path, complaint)


def test_what_else_a_project_sets_is_not_obeyed(stranger, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    more = (
        f"[cache]\n dir = {elsewhere}\n"
        f"[core]\n remote = store\n site_cache_dir = {elsewhere}\n hardlink_lock = true\n"
        f"['remote \"store\"']\n url = {stranger.store}\n"
        "['remote \"other\"']\n url = s3://x\n profile = lab\n"
    )
    local = "['remote \"store\"']\n profile = lab\n configpath = x\n"
    stranger.publish(more, {".dvc/config.local": local})
    assert pull(stranger, tmp_path).path.read_bytes() == stranger.content
    assert not elsewhere.exists()


def test_files_that_name_settings_and_addresses_of_their_own_are_not_obeyed(stranger, tmp_path):
    """DVC would make a client for each of them, whatever file is asked for."""
    imported = (
        "deps:\n- path: s3://bucket/x\n  fs_config: {profile: lab, configpath: aws}\n"
        "outs:\n- {md5: 0123456789abcdef0123456789abcdef, hash: md5, path: x, remote: other}\n"
    )
    cloned = "deps:\n- path: x\n  repo: {url: 'ext::sh -c touch', config: x}\nouts:\n- {path: y}\n"
    stranger.publish(
        f"{REMOTE} url = {stranger.store}\n", {"artifacts/x.dvc": imported, "artifacts/y.dvc": cloned}
    )
    assert pull(stranger, tmp_path).path.read_bytes() == stranger.content


def test_a_path_of_its_owners_machine_is_refused_where_the_repository_came_by_the_network(stranger, tmp_path):
    stranger.publish(f"{REMOTE} url = {stranger.store}\n")
    (tmp_path / "clone").mkdir()
    clone_bare(str(stranger.root), tmp_path / "clone")
    files = open_snapshot(tmp_path / "clone", "HEAD")
    with pytest.raises(SharingError, match=r"the path '.*store' of its owner's machine"):
        find_remote(files, f"{PLACE}.dvc", "https://example.org/me/study")


@pytest.mark.parametrize("scheme", ["ext::sh -c 'touch proof'", "--upload-pack=touch proof", "foo::bar"])
def test_addresses_that_are_commands_are_not_cloned(tmp_path, monkeypatch, scheme):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext:foo")
    with pytest.raises(SharingError, match=r"cannot be cloned|is no git repository"):
        pull_mask(scheme, "try-ja", approve=lambda _: True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"dvc.yaml": "artifacts: {try-ja: {path: ../../other}}"}, "inside the repository"),
        ({"dvc.yaml": "artifacts: {try-ja: {path: /etc/passwd}}"}, "inside the repository"),
        ({"dvc.yaml": "artifacts: {try-ja: {path: '${x}'}}"}, "must be written out"),
        ({"dvc.yaml": "artifacts: {try-ja: [path]}"}, "declares no such artifact"),
        ({"dvc.yaml": "[" * 5_000}, "is no YAML"),
        ({"dvc.yaml": "a: &a [*a]"}, "is no YAML"),
        ({"dvc.yaml": "artifacts: !!python/object/apply:os.system [touch proof]"}, "declares no such"),
        ({f"{PLACE}.dvc": "outs: [{path: ja.safetensors, md5: ../../x, hash: md5}]"}, "no MD5 of a file"),
        ({f"{PLACE}.dvc": f"outs: [{{path: ja.safetensors, md5: {32 * 'a'}}}]"}, "no MD5 of a file"),
        ({f"{PLACE}.dvc": "outs: nothing"}, "records artifacts/try/ja.safetensors"),
        ({".dvc/config": "[core\n"}, "cannot be read"),
    ],
)
def test_strange_project_files_are_refused(stranger, tmp_path, files, complaint):
    stranger.publish(f"{REMOTE} url = {stranger.store}\n", files)
    check_refused(stranger, tmp_path, complaint)


@pytest.fixture
def served(stranger):
    """The store's address on a web server of this machine."""
    handler = partial(SimpleHTTPRequestHandler, directory=stranger.store)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_files_of_an_address_of_the_network_come_by_dvc(stranger, tmp_path, served):
    """As the file of a folder, which dvc.lock records by the checksum of its listing."""
    md5 = hashlib.md5(stranger.content).hexdigest()
    listing = json.dumps([{"md5": md5, "relpath": "ja.safetensors"}])
    folder = hashlib.md5(listing.encode()).hexdigest()
    kept = stranger.store / "files/md5" / folder[:2] / f"{folder[2:]}.dir"
    kept.parent.mkdir(parents=True)
    kept.write_text(listing)
    out = f"outs:\n    - {{path: artifacts/try, hash: md5, md5: {folder}.dir, nfiles: 1}}"
    stranger.publish(f"{REMOTE} url = {served}\n", {"dvc.lock": f"stages:\n  embed:\n    {out}\n"})
    (stranger.root / f"{PLACE}.dvc").unlink()
    stranger.git("tag", "--delete", "try-ja@v1.0.0")
    stranger.git("commit", "-q", "-a", "-m", "results")
    stranger.git("tag", "-a", "try-ja@v1.0.0", "-m", "results")
    assert pull(stranger, tmp_path).path.read_bytes() == stranger.content
    shutil.rmtree(stranger.store)
    stranger.store.mkdir()
    with pytest.raises(SharingError, match=r"not in the DVC remote http://.*: it was never pushed"):
        pull(stranger, tmp_path)


def test_a_missing_package_is_named(stranger, tmp_path):
    scheme = next(name for name in ("gs", "azure", "ssh", "s3") if find_spec(f"dvc_{name}") is None)
    stranger.publish(f"{REMOTE} url = {scheme}://example/x\n")
    with pytest.raises(SharingError, match=f"`pip install dvc-{scheme}`"):
        pull(stranger, tmp_path)
