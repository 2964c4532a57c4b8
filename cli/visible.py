"""Characters that would act on a terminal, or hide in it, written out instead."""

import json
import re

_ACTING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of text
    r"\u2028\u2029"  # separators of lines
    r"\ud800-\udfff]"  # halves of pairs, by which Python holds what is not UTF-8 in a file's name
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def show_controls(text: str) -> str:
    r"""For people: an escape reads \x1b and moves nothing."""
    return _ACTING.sub(_write_out, text)


def escape_json(text: str, encoding: str) -> str:
    r"""The same JSON, in which they read \u001b, and so does whatever the encoding lacks."""
    text = _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return _NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)
    return text


def _write_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
