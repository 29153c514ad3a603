"""Builds the filter of the commonest passwords from published lists; docs/decisions/0006-common-passwords.md.

pip download --no-deps --dest /tmp/lists zxcvbn==4.5.0 django==5.2.19
python -m dev.common_passwords /tmp/lists functions/auth/common_passwords.bloom
"""

import ast
import gzip
import hashlib
import math
import struct
import sys
import unicodedata
import zipfile
from pathlib import Path
from typing import Final

SHORTEST: Final = 5
"""Characters; a password has at least 8, of which a common one makes up at least half."""
BITS_EACH: Final = 24
"""With the best number of hashes, one in 100,000 that are not in the lists looks as if it were."""


def main() -> None:
    """Read the lists' wheels and write the filter."""
    lists, target = (Path(argument) for argument in sys.argv[1:])
    words = {unicodedata.normalize("NFKC", word).casefold() for word in [*_zxcvbn(lists), *_django(lists)]}
    kept = sorted(word for word in words if len(word) >= SHORTEST)
    target.write_bytes(_filter_of(kept))
    print(f"{target}: {len(kept):,} passwords in {target.stat().st_size:,} bytes")


def _zxcvbn(lists: Path) -> list[str]:
    [wheel] = lists.glob("zxcvbn-*.whl")
    source = zipfile.ZipFile(wheel).read("zxcvbn/frequency_lists.py").decode()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            for name, made in zip(node.keys, node.values, strict=True):
                if isinstance(name, ast.Constant) and name.value == "passwords":
                    return str(ast.literal_eval(made.func.value)).split(",")  # type: ignore[attr-defined]
    raise SystemExit("zxcvbn keeps its list of passwords elsewhere now")


def _django(lists: Path) -> list[str]:
    [wheel] = lists.glob("django-*.whl")
    packed = zipfile.ZipFile(wheel).read("django/contrib/auth/common-passwords.txt.gz")
    return [line.strip() for line in gzip.decompress(packed).decode().splitlines()]


def _filter_of(words: list[str]) -> bytes:
    """A Bloom filter: its number of bits and of hashes, big-endian, then the bits."""
    size = len(words) * BITS_EACH // 8 * 8
    hashes = round(BITS_EACH * math.log(2))
    bits = bytearray(size // 8)
    for word in words:
        first, step = struct.unpack(">QQ", hashlib.sha256(word.encode()).digest()[:16])
        for number in range(hashes):
            place = (first + number * (step | 1)) % size
            bits[place // 8] |= 1 << place % 8
    return struct.pack(">IB", size, hashes) + bits


if __name__ == "__main__":
    main()
