"""Files that are no settings: each refused with its line, within a moment, and never obeyed."""

from pathlib import Path

import pytest

from polysteer.config.yamlfile import MOST_BYTES, read_document
from polysteer.errors import ConfigError

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (b"", 1, "must hold the keys"),
        (b"# nothing\n", 1, "must hold the keys"),
        (b"- a\n", 1, "must hold the keys"),
        (b"a: 1\n---\nb: 2\n", 2, "expected a single document in the stream"),
        (b"a: [1\n", 2, "not valid YAML: while parsing a flow sequence"),
        (b"a: *b\n", 1, "undefined alias"),
        (b"a: 1\nb: &b [*b]\n", 2, "the anchor 'b' holds itself"),
        (b"b: &b {<<: *b}\n", 1, "the anchor 'b' holds itself"),
        (b"a: {<<: 3}\n", 1, "expected a mapping"),
        (LAUGHS.encode(), 5, "more than 50000 values"),
        (b"a: " + b"[" * 3000, 1, "nested deeper than 40 levels"),
        (b"a: " + b"{a: " * 3000, 1, "nested deeper than 40 levels"),
        (b"- " * 3000, 1, "nested deeper than 40 levels"),
        (b"\na: !!python/object:os.system x\n", 2, "the tag !!python/object:os.system has no place"),
        (b"a: !!binary x\n", 1, "the tag !!binary has no place"),
        (b"a: !!int x\n", 1, "the tag !!int has no place"),
        (b"a: !mine x\n", 1, "the tag !mine has no place"),
        (b"a:\n  no: x\n", 2, "a key has to be a word: YAML reads no as false, so quote no, as in 'no'"),
        (b"1: x\n", 1, "YAML reads 1 as a number, so quote 1"),
        (b"~: x\n", 1, "YAML reads ~ as nothing, so quote ~"),
        (b"? [a]\n: x\n", 1, "a key has to be a word"),
        (b"a: 1\na: 2\n", 2, "the key 'a' stands twice"),
        (b"a: 1\nb: \0\n", 2, "not text: it has the character U+0000"),
        (b"a: 1\nb: \x07\n", 2, "not text: it has the character U+0007"),
        (b'a: "\\0"\n', 1, "the control character U+0000 has no place"),
        (b'a: "\\e[31m"\n', 1, "the control character U+001B has no place"),
        (b'a: "\\ud800"\n', 1, "the control character U+D800 has no place"),
        (b"a: 1\nb: \xe9\n", 2, "not UTF-8 (byte 0xe9)"),
        ("a: 1\n".encode("utf-16"), 1, "not UTF-8 (byte 0xff)"),
        (b"a: " + b"1" * 5000, 1, "a number of 5000 digits"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_settings_file_is_refused(tmp_path: Path, content: bytes, line: int, says: str) -> None:
    path = tmp_path / "experiments.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_document(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1e-4", 1e-4),
        ("1.5E+3", 1500.0),
        (".5", 0.5),
        ("10_000", 10_000),
        ("-7", -7),
        ("0", 0),
        ("true", True),
        ("no", False),
        ("'no'", "no"),
        ("!!str no", "no"),
        ("n", "n"),
        ("nan", "nan"),
        ("null", None),
        ("2024-02-30", "2024-02-30"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("0x10", "0x10"),
        ("=", "="),
        ("日本", "日本"),
    ],
)
def test_words_numbers_and_flags(tmp_path: Path, written: str, read: object) -> None:
    path = tmp_path / "experiments.yaml"
    path.write_text(f"a: {written}\n")
    value = read_document(path).data["a"]
    assert (value, type(value)) == (read, type(read))


def test_anchors_and_merged_keys_save_typing_and_keep_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "experiments.yaml"
    path.write_text("\ufeffx: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: *x}\n")
    document = read_document(path)
    assert document.data["y"] == {"a": 1, "b": 3}
    assert document.find(("y", "b")).place == f"{path}:2"
    assert document.find(("z", "b")).place == f"{path}:1"


def test_what_is_no_file_of_ours(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        read_document(large)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_document(tmp_path)
    with pytest.raises(ConfigError, match="name it with --file"):
        read_document(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_document(Path("a\0b"))
