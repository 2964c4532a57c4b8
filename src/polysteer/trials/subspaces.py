"""The languages' subspace of one experiment, fitted on the plain model's find vectors, and kept."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from polysteer.artifacts import fingerprint, read_stamp, tell_damage, write_stamp
from polysteer.checksums import hash_file
from polysteer.errors import ArtifactError
from polysteer.layout import BASELINE
from polysteer.masks.erasure import fit_subspace
from polysteer.masks.subspace import SITE
from polysteer.masks.subspace_metadata import SubspaceMetadata
from polysteer.tensorfile import open_artifact
from polysteer.terms import EraseMethod
from polysteer.trials.encoded import StoredVectors, read_layers
from polysteer.trials.kept import REMEDY
from polysteer.trials.session import Session

SCHEMA_VERSION = 1


def find_subspace(session: Session, method: EraseMethod, layers: Sequence[str]) -> Path:
    """The file of the subspace at these layers; fitted unless it is there, whole and of the same text."""
    erase = session.settings.steer.erase
    languages = erase.find_fit_languages(session.corpus.languages)
    texts = [session.corpus.fingerprint(language) for language in languages]
    shrinkage = erase.shrinkage if method == "leace" else 0.0
    stamp = session.stamp("subspace", SCHEMA_VERSION, method, shrinkage, languages, texts, layers)
    path = session.layout.subspace(method)
    if _is_whole(path) and read_stamp(path.parent) == fingerprint(stamp, hash_file(path)):
        return path
    session.progress(f"languages' subspace, {method}", 0, 1)
    metadata = _describe(session, method, languages, layers)
    paths = {language: session.layout.encoded(BASELINE, "find", language) for language in languages}
    find = read_layers({language: StoredVectors(path) for language, path in paths.items()}, layers)
    fit_subspace(find, metadata, shrinkage=shrinkage).save(path)
    write_stamp(path.parent, fingerprint(stamp, hash_file(path)))
    return path


def _is_whole(path: Path) -> bool:
    try:
        open_artifact(path, remedy=REMEDY)
    except ArtifactError as error:
        tell_damage(error)
        return False
    return True


def _describe(
    session: Session, method: EraseMethod, languages: Sequence[str], layers: Sequence[str]
) -> SubspaceMetadata:
    model, shape = session.settings.model, session.shape
    return SubspaceMetadata(
        method=method,
        languages=list(languages),
        layers=list(layers),
        width=shape.width_by_site[SITE],
        model_id=model.id,
        model_revision=model.revision,
        model_family=shape.family,
        n_blocks=shape.n_blocks,
        shape_fingerprint=shape.fingerprint,
        pool=session.settings.embed.pool,
        shrinkage=session.settings.steer.erase.shrinkage if method == "leace" else None,
        corpus_fingerprint=session.corpus.fingerprint(),
        polysteer_version=version("polysteer"),
    )
