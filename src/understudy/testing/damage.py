"""Damaged files, for tests of what reads strangers' files."""

from __future__ import annotations

from random import Random


def mutated(data: bytes, rng: Random, *, heads: bool = True) -> bytes:
    """A few bytes flipped, cut, put in, doubled or set to what breaks lengths.

    Args:
        data: of a file; empty is taken as well.
        rng: all chance comes from it, so that a seed gives the same file again.
        heads: hit the first bytes, where headers are, more often than later ones.
    """
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        reach = rng.choice((64, 1024, 1 << 30)) if heads else 1 << 30
        at = rng.randrange(min(len(out), reach) or 1)
        how = rng.randrange(6)
        if how == 0 and out:
            out[at] ^= 1 << rng.randrange(8)
        elif how == 1 and out:
            out[at] = rng.choice((0, 0x2E, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif how == 2:
            del out[at : at + rng.choice((1, 2, 8, 64))]
        elif how == 3:
            out[at:at] = rng.randbytes(rng.choice((1, 2, 4, 8)))
        elif how == 4:
            out[at:at] = out[at : at + rng.randrange(1, 64)]
        else:
            out[at : at + 4] = rng.choice((b"\xff" * 4, b"\0\0\0\x80", b"\xff\xff\xff\x7f"))
    if rng.random() < 0.15:
        del out[rng.randrange(len(out) + 1) :]
    return bytes(out)
