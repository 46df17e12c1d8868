"""The second factor of staff: a code from an app (TOTP), or one of ten recovery codes (django-allauth MFA)."""

from __future__ import annotations

import base64
import hashlib
import time
from urllib.parse import quote, urlencode

import segno
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    validate_totp_code,
)
from allauth.mfa.utils import decrypt
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from loyalty.models import User

PERIOD_SECONDS = 30
_TOLERANCE = 1  # periods before and after: phones' clocks differ


class Adapter(DefaultMFAAdapter):
    """Keeps the secrets of second factors encrypted with the server's key: a dump of the database opens no door."""

    def encrypt(self, text: str) -> str:
        """The text, encrypted with the present key."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The text, with the present key or one of SECRET_KEY_FALLBACKS."""
        return _box().decrypt(encrypted_text.encode()).decode()


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(f"second-factor:{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def totp_of(user: User) -> Authenticator | None:
    """The app that makes codes for this person, if it is set up."""
    found: Authenticator | None = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).first()
    return found


def new_secret() -> str:
    """A fresh secret to be shown as a QR code; nothing is stored yet."""
    return str(generate_totp_secret())


def address(user: User, secret: str) -> str:
    """The `otpauth://` address that an app reads."""
    issuer = getattr(settings, "MFA_TOTP_ISSUER", "") or "Loyalty"
    query = urlencode({"secret": secret, "issuer": issuer})
    return f"otpauth://totp/{quote(issuer)}:{quote(user.email)}?{query}"


def picture(user: User, secret: str) -> str:
    """That address as an inline SVG."""
    code = segno.make(address(user, secret), error="m")
    svg: str = code.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=False)
    return svg


def fits(secret: str, code: str) -> bool:
    """Whether a code belongs to a secret that is being set up."""
    return bool(validate_totp_code(secret, code))


def set_up(user: User, secret: str) -> list[str]:
    """Store the secret and make recovery codes. Returns the codes; what was set up before ends."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        Authenticator.objects.filter(user_id=user.pk).delete()
        TOTP.activate(user, secret)
        return list(RecoveryCodes.activate(user).generate_codes())


def remove(user: User) -> None:
    """Forget every second factor of a person: the next sign-in asks to set one up."""
    Authenticator.objects.filter(user_id=user.pk).delete()


def check(user: User, code: str) -> str:
    """The kind of factor ("totp" or "recovery_codes") that a code proves, once; "" if it proves none."""
    code = code.strip().replace(" ", "").replace("-", "")
    for factor in Authenticator.objects.filter(
        user_id=user.pk, type__in=[Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
    ).order_by("-type"):
        if factor.type == Authenticator.Type.TOTP:
            right = validate_totp_code(decrypt(factor.data["secret"]), code) and _first_use(user, code)
        else:
            right = factor.wrap().validate_code(code)
        if right:
            factor.record_usage()
            return str(factor.type)
    return ""


def present_code(user: User) -> str:
    """The code an app would show now; the next one if this was used already, as a code counts once.

    Raises LookupError if no app is set up.
    """
    factor = totp_of(user)
    if factor is None:
        raise LookupError("no second factor")
    secret = decrypt(factor.data["secret"])
    now = int(time.time()) // PERIOD_SECONDS
    codes = [str(format_hotp_value(hotp_value(secret, now + step))) for step in (0, 1, -1)]
    return next((code for code in codes if cache.get(_used(user, code)) is None), codes[0])


def _first_use(user: User, code: str) -> bool:
    """Claim a code; False if it was used before. It is kept as long as the code could be accepted."""
    return bool(cache.add(_used(user, code), 1, timeout=PERIOD_SECONDS * (2 * _TOLERANCE + 1)))


def _used(user: User, code: str) -> str:
    return f"staff-code:{user.pk}:{code}"
