"""Pulling what was published, with and without Polysteer; what each mistake is answered with."""

import hashlib
import json

import numpy as np
import pytest

from polysteer.errors import MaskError, SharingError
from polysteer.masks import ExpertMask, LanguageSubspace, SubspaceMetadata
from polysteer.masks.files import describe_content
from polysteer.sharing.publish import publish_mask
from polysteer.sharing.pull import pull_mask


@pytest.fixture
def published(project):
    publish_mask("try-ja", version="1.0.0", folder=project.root)
    return project


def pull(project, out, **options):
    return pull_mask(str(project.origin), "try-ja", out=out, approve=accept, **options)


def accept(_address):
    return True


def test_another_clone_gets_the_same_bytes(published, tmp_path):
    got = pull(published, tmp_path / "ja.safetensors")
    assert (got.version, got.checked_against) == ("v1.0.0", "tag")
    assert got.path.read_bytes() == published.mask_path.read_bytes()
    assert ExpertMask.load(got.path).metadata.model_id == "some/model"


def test_dvc_alone_gets_it_too_and_no_other_file_is_replaced(published, tmp_path):
    due = published.mask_path.read_bytes()
    out = tmp_path / "dvc.safetensors"
    published.dvc(
        "artifacts", "get", str(published.origin), "try-ja", "--rev", "v1.0.0", "-o", out.name, cwd=tmp_path
    )
    assert out.read_bytes() == due
    assert pull(published, out).path.read_bytes() == due
    out.write_bytes(b"mine")
    with pytest.raises(SharingError, match="is there with other content; use --force"):
        pull(published, out)
    assert out.read_bytes() == b"mine"
    assert pull(published, out, replace=True).path.read_bytes() == due


def test_what_dvc_and_git_alone_published_can_be_pulled(project, tmp_path):
    project.dvc("push", "-q", str(project.mask_path))
    project.git("tag", "-a", "try-ja@v0.3.0", "-m", "by hand")
    project.git("push", "-q", "origin", "try-ja@v0.3.0")
    got = pull(project, tmp_path / "ja.safetensors")
    assert (got.version, got.checked_against) == ("v0.3.0", "dvc")
    assert got.path.read_bytes() == project.mask_path.read_bytes()


def test_a_language_subspace_is_shared_like_a_mask(project, tmp_path):
    metadata = SubspaceMetadata(method="leace", languages=["en", "ja"], layers=["final"], width=3)
    arrays = (np.ones(shape, np.float32) for shape in ((1, 3), (1, 3, 1), (1, 1, 3)))
    LanguageSubspace(metadata, *arrays).save(project.mask_path)
    project.commit()
    publish_mask("try-ja", version="1.0.0", folder=project.root)
    got = pull(project, tmp_path / "erase.safetensors")
    assert isinstance(got.mask, LanguageSubspace)
    assert describe_content(got.mask) == "1 directions at layer final, of en, ja"


def test_versions_stay_and_the_latest_is_the_highest(published, tmp_path):
    first = published.mask_path.read_bytes()
    for value, version in ((2.0, "1.10.0"), (3.0, "1.9.0")):
        published.make_masks(value=value)
        published.commit()
        publish_mask("try-ja", version=version, folder=published.root)
    latest = pull(published, tmp_path / "latest.safetensors")
    assert latest.version == "v1.10.0"
    assert latest.mask.value.tolist() == [2, 2]
    for version in ("1.0.0", "v1.0.0"):
        old = pull(published, tmp_path / "old.safetensors", version=version)
        assert old.path.read_bytes() == first
    with pytest.raises(
        SharingError, match=r"no version v2\.0\.0 .*; there are v1\.10\.0, v1\.9\.0, v1\.0\.0"
    ):
        pull(published, tmp_path / "none.safetensors", version="2.0.0")


def overwrite(path, content):
    path.chmod(0o644)
    path.write_bytes(content)


def forge(content):
    """Another mask that is as whole as the first."""
    return content[:-1] + bytes([content[-1] ^ 1])


def test_a_tampered_remote_is_refused(published, tmp_path, monkeypatch):
    """First the file, then also the listing of its folder: DVC itself would deliver the forged file."""
    content = published.mask_path.read_bytes()
    overwrite(published.stored(lambda path: path.read_bytes() == content), forge(content))
    with pytest.raises(SharingError, match="is not the file that was published: its checksum is"):
        pull(published, tmp_path / "ja.safetensors")

    md5 = hashlib.md5(forge(content), usedforsecurity=False).hexdigest()
    (published.remote / "files" / "md5" / md5[:2]).mkdir(exist_ok=True)
    (published.remote / "files" / "md5" / md5[:2] / md5[2:]).write_bytes(forge(content))
    listing = published.stored(lambda path: path.suffix == ".dir")
    entries = json.loads(listing.read_bytes())
    for entry in entries:
        entry["md5"] = md5 if entry["relpath"] == "ja.safetensors" else entry["md5"]
    overwrite(listing, json.dumps(entries).encode())
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "another machine"))
    out = tmp_path / "dvc.safetensors"
    published.dvc("artifacts", "get", str(published.origin), "try-ja", "-o", out.name, cwd=tmp_path)
    assert out.read_bytes() == forge(content)
    with pytest.raises(SharingError, match="is not the file that was published"):
        pull(published, tmp_path / "ja.safetensors")
    assert not list(tmp_path.glob("*ja.safetensors*"))


def test_a_tampered_file_without_a_checksum_in_the_tag_is_refused_by_dvcs(project, tmp_path):
    project.dvc("push", "-q", str(project.mask_path))
    project.git("tag", "-a", "try-ja@v0.3.0", "-m", "by hand")
    project.git("push", "-q", "origin", "try-ja@v0.3.0")
    content = project.mask_path.read_bytes()
    overwrite(project.stored(lambda path: path.read_bytes() == content), forge(content))
    with pytest.raises(SharingError, match=r"MD5 .* is on record"):
        pull(project, tmp_path / "ja.safetensors")


def test_what_is_published_but_no_mask_is_refused(project, tmp_path):
    project.mask_path.write_bytes(b"nothing")
    project.commit()
    project.dvc("push", "-q", str(project.mask_path))
    project.git("tag", "-a", "try-ja@v0.3.0", "-m", "by hand")
    project.git("push", "-q", "origin", "try-ja@v0.3.0")
    with pytest.raises(MaskError, match="not a whole safetensors file"):
        pull(project, tmp_path / "ja.safetensors")
    assert not list(tmp_path.glob("*ja.safetensors*"))


def test_a_file_that_was_never_pushed_is_named(project, tmp_path):
    project.git("tag", "-a", "try-ja@v0.3.0", "-m", "by hand")
    project.git("push", "-q", "origin", "try-ja@v0.3.0")
    with pytest.raises(SharingError, match=r"not in the DVC remote .*: it was never pushed.*`dvc push`"):
        pull(project, tmp_path / "ja.safetensors")


def test_without_a_tag_there_is_no_version(project, tmp_path):
    with pytest.raises(SharingError, match="no published version of 'try-ja'"):
        pull(project, tmp_path / "ja.safetensors")
    project.git("tag", "try-ja@v1.0.0")  # not annotated
    project.git("push", "-q", "origin", "try-ja@v1.0.0")
    with pytest.raises(SharingError, match="an annotated tag like"):
        pull(project, tmp_path / "ja.safetensors")


def test_a_version_that_was_taken_back_is_not_offered(published, tmp_path):
    published.git("tag", "-a", "try-ja@v1.0.0!", "-m", "taken back")
    published.git("push", "-q", "origin", "try-ja@v1.0.0!")
    with pytest.raises(SharingError, match="no published version"):
        pull(published, tmp_path / "ja.safetensors")


def test_a_tag_of_something_that_is_no_artifact(project, tmp_path):
    project.git("tag", "-a", "other@v1.0.0", "-m", "by hand")
    project.git("push", "-q", "origin", "other@v1.0.0")
    with pytest.raises(SharingError, match=r"a tag for 'other', but dvc\.yaml at that tag declares no"):
        pull_mask(str(project.origin), "other", approve=accept, out=tmp_path / "x.safetensors")


def test_addresses_that_lead_nowhere(tmp_path):
    (tmp_path / "folder").mkdir()
    for address in (str(tmp_path / "none"), str(tmp_path / "folder"), "file:///none/at/all.git"):
        with pytest.raises(SharingError, match=r"cannot be cloned|is no git repository|cannot be fetched"):
            pull_mask(address, "try-ja", approve=accept, out=tmp_path / "x.safetensors")
    assert not (tmp_path / "x.safetensors").exists()
