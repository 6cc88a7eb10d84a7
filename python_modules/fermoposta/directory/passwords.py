"""
Passwords: what is good enough, how it is stored, and whether a log-in is right.

Dovecot verifies what is stored here, so a stored value is a hash behind Dovecot's scheme in braces
(`{ARGON2ID}$argon2id$…`). New hashes are Argon2id (RFC 9106); what an older system made is taken
as it is, if Dovecot 2.4 accepts its scheme without `auth_allow_weak_schemes`.
docs/decisions/0002-passwords.md says why, and what a log-in costs.

* PasswordError         a value can't be used; `problems` says every reason, never the value
"""

import base64
import binascii
import ctypes
import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Callable
from functools import cache

from passlib.hash import argon2  # libpass, which keeps passlib's name

MIN_LENGTH = 8
"""Characters of the shortest password (F127)."""

MAX_LENGTH = 256
"""Characters of the longest: a bound on what a stranger can make the host hash."""

# OWASP's smallest recommended setting: 23 ms and 19 MiB for a log-in on one of our test cores.
_ARGON2ID = argon2.using(type="ID", time_cost=2, memory_cost=19456, parallelism=1)

_BRACES = re.compile(r"\{(?P<scheme>[A-Za-z0-9.-]+)\}(?P<rest>.*)", re.DOTALL)
_CRYPT_BODY = r"[./A-Za-z0-9]"
_ARGON2_BODY = r"\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+"

# Scheme → what stands behind the braces. What is missing here Dovecot calls weak or can't verify.
SCHEMES: dict[str, re.Pattern[str]] = {
    "ARGON2ID": re.compile(r"\$argon2id" + _ARGON2_BODY),
    "ARGON2I": re.compile(r"\$argon2i" + _ARGON2_BODY),
    "BLF-CRYPT": re.compile(rf"\$2[aby]\$\d\d\${_CRYPT_BODY}{{53}}"),
    "SHA512-CRYPT": re.compile(rf"\$6\$(rounds=\d+\$)?[^$:\s]{{0,16}}\${_CRYPT_BODY}{{86}}"),
    "SHA256-CRYPT": re.compile(rf"\$5\$(rounds=\d+\$)?[^$:\s]{{0,16}}\${_CRYPT_BODY}{{43}}"),
    "CRYPT": re.compile(rf"\$(y|gy|7|2[aby]|5|6)\$[^:\s]*\${_CRYPT_BODY}{{31,}}"),
    "PBKDF2": re.compile(r"\$1\$[^$\s]+\$\d+\$[0-9a-f]{40}"),
    "SSHA512": re.compile(r"[A-Za-z0-9+/]{88,}={0,2}"),
    "SSHA256": re.compile(r"[A-Za-z0-9+/]{44,}={0,2}"),
}
MAX_HASH_MEMORY = 262144
"""KiB that verifying a given Argon2 hash may take; `doveadm pw` makes some that take 1 GiB."""

_MEMORY = re.compile(r"\$argon2id?\$v=\d+\$m=(\d+)")
_BARE = ("ARGON2ID", "ARGON2I", "BLF-CRYPT", "SHA512-CRYPT", "SHA256-CRYPT")


class PasswordError(ValueError):
    """A value can't be used as a password; *problems* says every reason, without the value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def weaknesses(password: str) -> list[str]:
    """Say everything that keeps *password* from being good enough; empty where nothing does."""
    rules = (
        (len(password) >= MIN_LENGTH, f"has fewer than {MIN_LENGTH} characters"),
        (len(password) <= MAX_LENGTH, f"has more than {MAX_LENGTH} characters"),
        (any(c.isdigit() for c in password), "has no digit"),
        (any(c.isupper() for c in password), "has no upper-case letter"),
        (any(c.islower() for c in password), "has no lower-case letter"),
        (password.isprintable(), "has a control character"),
    )
    return [reason for holds, reason in rules if not holds]


def is_hashed(value: str) -> bool:
    """Tell a well-formed hash, with or without Dovecot's braces, from a plain password."""
    return _normalised(value) is not None


def value_problems(value: str) -> list[str]:
    """
    Say what keeps *value*, plain or hashed, from being given to a user; empty where nothing does.

    A value that begins like a hash and isn't one is not taken for a plain password: it would
    lock its user out without a word.
    """
    if normalised := _normalised(value):
        memory = _MEMORY.search(normalised)
        if memory and int(memory[1]) > MAX_HASH_MEMORY:
            took = int(memory[1]) // 1024
            return [f"is a hash that takes {took} MiB to verify; the most is 256"]
        return []
    if braces := _BRACES.match(value):
        scheme = braces["scheme"].upper()
        if scheme in SCHEMES:
            return [f"is not a well-formed hash of the scheme {scheme}"]
        known = ", ".join(SCHEMES)
        return [f"begins with the scheme {{{scheme}}}, which is weak or unknown; there are {known}"]
    return weaknesses(value)


def to_stored(value: str) -> str:
    """
    Return what the directory keeps for *value*: a hash as it is, a plain password hashed.

    Raises PasswordError where it is neither a hash that Dovecot takes nor good enough.
    """
    if problems := value_problems(value):
        raise PasswordError(problems)
    return _normalised(value) or hash_password(value)


def hash_password(password: str) -> str:
    """Return the Argon2id hash of *password* in Dovecot's notation; the policy is not asked."""
    hashed: str = _ARGON2ID.hash(password)
    return "{ARGON2ID}" + hashed


def verify(password: str, stored: str) -> bool:
    """
    Tell whether *password* is the one that was stored as *stored*.

    Raises PasswordError where *stored* is no hash, so that a damaged row is not taken for a typo.
    """
    normalised = _normalised(stored)
    if normalised is None:
        raise PasswordError(["the stored value is no hash of a scheme that we know"])
    if len(password) > MAX_LENGTH:
        return False
    scheme, _, rest = normalised[1:].partition("}")
    return _VERIFIERS[scheme](password, rest)


def needs_rehash(stored: str) -> bool:
    """Tell whether *stored* was made by another scheme, or weaker, than `hash_password` makes."""
    normalised = _normalised(stored)
    if normalised is None or not normalised.startswith("{ARGON2ID}"):
        return True
    return bool(_ARGON2ID.needs_update(normalised.removeprefix("{ARGON2ID}")))


def generate(length: int = 16) -> str:
    """
    Return a random password of *length* characters that meets the policy.

    Letters that are mistaken for others when read aloud or from paper (I, l, O, 0, 1) don't occur.
    """
    if length < MIN_LENGTH:
        raise ValueError(f"a password of {length} characters can't meet the policy")
    alphabet = [c for c in string.ascii_letters + string.digits if c not in "IlO01"]
    while weaknesses(password := "".join(secrets.choice(alphabet) for _ in range(length))):
        pass
    return password


def _normalised(value: str) -> str | None:
    """Return *value* as `{SCHEME}hash`, or None where it is not a well-formed hash."""
    if braces := _BRACES.fullmatch(value):
        scheme, rest = braces["scheme"].upper(), braces["rest"]
        if (form := SCHEMES.get(scheme)) and form.fullmatch(rest):
            return f"{{{scheme}}}{rest}"
        return None
    for scheme in _BARE:
        if SCHEMES[scheme].fullmatch(value):
            return f"{{{scheme}}}{value}"
    return None


def _verify_argon2(password: str, hashed: str) -> bool:
    return bool(argon2.verify(password, hashed))


@cache
def _libcrypt() -> Callable[[bytes, bytes], bytes | None]:
    """Return crypt(3) of the host, which Python lost in 3.13 and Dovecot uses."""
    crypt_rn = ctypes.CDLL("libcrypt.so.1").crypt_rn
    crypt_rn.restype = ctypes.c_char_p
    crypt_rn.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int)
    size = 32768  # sizeof(struct crypt_data), fixed by libxcrypt's crypt.h

    def crypt(password: bytes, setting: bytes) -> bytes | None:
        hashed: bytes | None = crypt_rn(password, setting, ctypes.create_string_buffer(size), size)
        return hashed

    return crypt


def _verify_crypt(password: str, hashed: str) -> bool:
    # crypt(3) stops at NUL: what follows it would not count.
    if "\0" in password:
        return False
    computed = _libcrypt()(password.encode(), hashed.encode())
    return computed is not None and hmac.compare_digest(computed, hashed.encode())


def _verify_pbkdf2(password: str, hashed: str) -> bool:
    _, _, salt, rounds, digest = hashed.split("$")
    computed = hashlib.pbkdf2_hmac("sha1", password.encode(), salt.encode(), int(rounds))
    return hmac.compare_digest(computed.hex(), digest)


def _verify_salted(name: str) -> Callable[[str, str], bool]:
    """Return the verifier for base64(digest ‖ salt) over *name*."""

    def verifier(password: str, hashed: str) -> bool:
        try:
            raw = base64.b64decode(hashed, validate=True)
        except binascii.Error:
            return False
        size = hashlib.new(name).digest_size
        computed = hashlib.new(name, password.encode() + raw[size:]).digest()
        return hmac.compare_digest(computed, raw[:size])

    return verifier


_VERIFIERS: dict[str, Callable[[str, str], bool]] = {
    "ARGON2ID": _verify_argon2,
    "ARGON2I": _verify_argon2,
    "BLF-CRYPT": _verify_crypt,
    "SHA512-CRYPT": _verify_crypt,
    "SHA256-CRYPT": _verify_crypt,
    "CRYPT": _verify_crypt,
    "PBKDF2": _verify_pbkdf2,
    "SSHA512": _verify_salted("sha512"),
    "SSHA256": _verify_salted("sha256"),
}
