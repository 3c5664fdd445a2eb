"""Prints what came of every case, a line each: `python -m tests.kernels.fuzz_digest PACKAGE CASES`.

Two builds that print the same lines do the same, to the last bit of every answer and the last letter of every refusal.
"""

from dataclasses import fields, is_dataclass
import re
import sys
import zlib

import numpy as np

from tests.kernels.fuzz_examples import EXAMPLES
from tests.kernels.fuzz_run import made

ADDRESS = re.compile(r"0x[0-9a-f]+")


def main() -> None:
    """Run the cases and print a line for each."""
    np.seterr(all="ignore")
    package, cases = sys.argv[1], int(sys.argv[2])
    for name, example in EXAMPLES.items():
        if not name.startswith(f"{package}."):
            continue
        for seed in range(cases):
            _, put_together = made(example, name, seed)
            try:
                told = f"answer {digest(example.run(**put_together())):08x}"
            except (ValueError, TypeError) as error:
                told = ADDRESS.sub("0x", f"{type(error).__name__} {error}".replace("\n", " "))
            sys.stdout.write(f"{name} --seed {seed}: {told}\n")


def digest(answer: object, start: int = 0) -> int:
    """Return a number that changes with any bit of an answer."""
    if is_dataclass(answer):
        answer = [getattr(answer, field.name) for field in fields(answer)]
    if isinstance(answer, tuple | list):
        for part in answer:
            start = digest(part, start)
        return start
    if isinstance(answer, np.ndarray):
        # What is not a number comes with either sign.
        known = np.where(np.isnan(answer), np.nan, answer) if answer.dtype.kind == "f" else answer
        return zlib.crc32(f"{known.dtype}{known.shape}".encode() + known.tobytes(), start)
    # An uncompiled kernel may return NumPy's scalars where a compiled one returns Python's.
    plain = answer.item() if isinstance(answer, np.generic) else answer
    return zlib.crc32(repr(plain).encode(), start)


if __name__ == "__main__":
    main()
