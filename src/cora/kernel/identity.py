"""Ids of records: UUIDv7, so that ids made one after the other lie side by side in an index."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
