"""Publishing in real git repositories with a real DVC remote; what each mistake is answered with."""

import hashlib
import shutil
from importlib.util import find_spec

import pytest
from dvc.repo import Repo

from polysteer.errors import MaskError, SharingError
from polysteer.sharing.publish import publish_mask
from polysteer.sharing.pull import pull_mask


def publish(project, version="1.0.0", name="try-ja", **options):
    return publish_mask(name, version=version, folder=project.root, **options)


def test_it_ends_in_a_pushed_tag_and_a_pushed_file(project):
    (project.root / "scratch.txt").write_text("a file that git does not follow is no one's business")
    done = publish(project)
    sha256 = hashlib.sha256(project.mask_path.read_bytes()).hexdigest()
    assert (done.name, done.version, done.tag) == ("try-ja", "v1.0.0", "try-ja@v1.0.0")
    assert (done.sha256, done.dvc_remote, done.git_remote) == (sha256, "store", "origin")
    assert done.path.as_posix() == "artifacts/try/chosen/ja.safetensors"
    assert done.commit == project.git("rev-parse", "HEAD").strip()
    refs = project.git("ls-remote", "origin")
    assert "refs/tags/try-ja@v1.0.0^{}" in refs  # annotated
    assert sha256 in project.git("tag", "-n9", "try-ja@v1.0.0")
    content = project.mask_path.read_bytes()
    assert project.stored(lambda path: path.read_bytes() == content)


def test_a_version_is_published_once(project):
    publish(project)
    with pytest.raises(SharingError, match=r"try-ja@v1\.0\.0 is already published"):
        publish(project)
    with pytest.raises(SharingError, match=r"this commit is already try-ja@v1\.0\.0"):
        publish(project, "1.1.0")
    project.git("tag", "--delete", "try-ja@v1.0.0")
    with pytest.raises(SharingError, match="already published in origin"):
        publish(project)


def test_changes_have_to_be_committed(project):
    (project.root / "notes.txt").write_text("other text\n")
    with pytest.raises(SharingError, match=r"not committed, in 1 files: notes\.txt; commit or stash"):
        publish(project)
    project.git("checkout", "-q", "notes.txt")
    project.make_masks(value=2.0)  # git does not follow the mask itself
    with pytest.raises(SharingError, match="is not the file that HEAD records"):
        publish(project)
    assert project.git("tag") == ""
    assert not project.remote.exists()


def test_without_a_dvc_remote_nothing_is_published(project):
    (project.root / ".dvc" / "config").write_text("")
    project.commit()
    with pytest.raises(SharingError, match=r"no default DVC remote .*`dvc remote add"):
        publish(project)


def test_a_dvc_remote_that_fails_is_named_and_leaves_no_tag(project):
    project.remote.write_text("in the way of the folder")
    with pytest.raises(SharingError, match=r"the DVC remote 'store' does not take .*: .*Not a directory"):
        publish(project)
    assert project.git("tag") == ""


def test_a_dvc_remote_that_cannot_be_used_is_refused_before_anything_is_sent(project):
    config = project.root / ".dvc" / "config"
    scheme = next(name for name in ("gs", "azure", "ssh", "s3") if find_spec(f"dvc_{name}") is None)
    for change, complaint in (
        (("url = ", f"url = {scheme}://example/"), f"`pip install dvc-{scheme}`"),
        (("remote = store", "remote = shop"), "remote 'shop' doesn't exist"),
    ):
        config.write_text(config.read_text().replace(*change))
        project.commit()
        with pytest.raises(SharingError, match=complaint):
            publish(project)
    assert project.git("tag") == ""


def test_without_a_git_remote_the_tag_stays_and_people_pull_from_the_path(project, tmp_path):
    project.git("remote", "remove", "origin")
    assert publish(project).git_remote is None
    got = pull_mask(str(project.root), "try-ja", approve=lambda _: True, out=tmp_path / "got.safetensors")
    assert got.path.read_bytes() == project.mask_path.read_bytes()


def test_another_git_remote_has_to_be_named(project):
    project.git("remote", "rename", "origin", "upstream")
    with pytest.raises(
        SharingError, match=r"no git remote 'origin'; there is upstream: choose with --git-remote"
    ):
        publish(project)
    assert publish(project, git_remote="upstream").git_remote == "upstream"


def test_a_git_remote_without_a_branch_is_refused_before_anything_is_sent(project):
    shutil.rmtree(project.origin)
    project.git("init", "-q", "--bare", "-b", "main", str(project.origin))
    with pytest.raises(SharingError, match="push your branch first: `git push -u origin HEAD`"):
        publish(project)
    shutil.rmtree(project.origin)
    with pytest.raises(SharingError, match="origin cannot be read"):
        publish(project)
    assert not project.remote.exists()


def test_a_refused_tag_is_taken_back_so_that_publishing_can_be_tried_again(project):
    hook = project.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(SharingError, match=r"origin does not take the tag try-ja@v1\.0\.0"):
        publish(project)
    assert project.git("tag") == ""
    hook.unlink()
    assert publish(project).git_remote == "origin"


def test_names_and_versions_are_checked(project):
    for name, version, complaint in (
        ("try-de", "1.0.0", "declares no artifact 'try-de'; under `artifacts:` there are try-ja, try-fr"),
        ("try ja", "1.0.0", "'try ja' cannot name an artifact"),
        ("try-ja", "1.0", "'1.0' is no semantic version"),
        ("try-ja", "newest", "'newest' is no semantic version"),
    ):
        with pytest.raises(SharingError, match=complaint):
            publish(project, version, name)


def test_only_a_whole_mask_is_published(project):
    with pytest.raises(MaskError, match=r"fr\.safetensors"):
        publish(project, name="try-fr")
    project.mask_path.write_bytes(project.mask_path.read_bytes()[:-4])
    project.commit()
    with pytest.raises(MaskError, match=r"ja\.safetensors is not a whole safetensors file"):
        publish(project)


def test_a_mask_that_no_commit_knows_is_refused(project):
    project.git("rm", "-q", "--cached", "dvc.lock")
    project.git("commit", "-q", "-m", "forget the results")
    with pytest.raises(SharingError, match=r"HEAD does not record artifacts/try/chosen/ja\.safetensors"):
        publish(project)


@pytest.mark.usefixtures("project")
def test_where_there_is_nothing_to_publish_from(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SharingError, match="empty cannot be published from"):
        publish_mask("try-ja", version="1.0.0", folder=tmp_path / "empty")
    Repo.init(str(tmp_path / "empty"), no_scm=True).close()
    with pytest.raises(SharingError, match="has no git repository"):
        publish_mask("try-ja", version="1.0.0", folder=tmp_path / "empty")


def test_git_has_to_know_who_publishes(project, tmp_path, monkeypatch):
    (tmp_path / "gitconfig").write_text("[user]\n useConfigOnly = true\n")
    for name in ("EMAIL", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_NAME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SharingError, match=r"who publishes; set user\.name and user\.email"):
        publish(project)


def test_a_project_inside_a_repository_is_known_by_its_folder(project, tmp_path):
    (tmp_path / "nested").mkdir()
    nested = type(project).create(tmp_path / "nested", inside="models")
    done = publish(nested)
    assert (done.name, done.tag) == ("models:try-ja", "models=try-ja@v1.0.0")
    assert done.path.as_posix() == "models/artifacts/try/chosen/ja.safetensors"
    got = pull_mask(
        str(nested.origin), "models:try-ja", approve=lambda _: True, out=tmp_path / "got.safetensors"
    )
    assert got.path.read_bytes() == nested.mask_path.read_bytes()
