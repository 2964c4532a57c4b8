"""Prints sentences for reading: python tests/builtin/grammar/preview.py en,de 50 [seed] [--trees]."""

import sys

from polysteer.builtin.grammar import linearize, training_meanings


def main(codes: str, n: str, seed: str = "0", *flags: str) -> None:
    for meaning in training_meanings(int(n), int(seed)):
        for code in codes.split(","):
            sentence = linearize(meaning, code)
            print(f"{code}  {sentence.text}")
            if "--trees" in flags:
                heads = zip(sentence.tokens, sentence.upos, sentence.heads, sentence.deprels, strict=True)
                print("      " + "  ".join(f"{form}/{upos}/{head}/{rel}" for form, upos, head, rel in heads))


if __name__ == "__main__":
    main(*sys.argv[1:])
