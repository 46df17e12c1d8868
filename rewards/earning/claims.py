"""Codes by which an anonymous sale finds its member."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from loyalty import rows
from members.models import Sale
from rewards.models import SaleClaim

DAYS = 30
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's, 5 bits each
_LENGTH = 16  # 80 bits: nobody guesses one


@dataclass(frozen=True, slots=True)
class Claim:
    """What is printed on the receipt."""

    code: str
    until: datetime


def offer(*, sale: Sale, now: datetime) -> Claim:
    """Make the code of an anonymous sale; only its hash is kept."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    claim = Claim("-".join(code[i : i + 4] for i in range(0, _LENGTH, 4)), now + timedelta(days=DAYS))
    rows.write(SaleClaim(sale=sale, code_hash=digest(claim.code), until=claim.until, created_at=now))
    return claim


def digest(code: str) -> bytes:
    """What is kept of a code, however it was typed: the letters O, I and L read as the digits they look like."""
    plain = code.upper().replace("-", "").replace(" ", "").translate(str.maketrans("OIL", "011"))
    return hashlib.sha256(plain.encode()).digest()
