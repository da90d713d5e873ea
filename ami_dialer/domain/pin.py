"""PINs of agents: kept as salted hashes, never as they are."""

import hashlib
import hmac
import secrets

#: RFC 7914 (scrypt) with the parameters that OWASP's Password Storage Cheat Sheet names for little memory: 2^14, 8, 5
#: is 16 MiB and some 100 ms. A PIN has few digits, so what protects it besides is that it locks after a few tries.
_N, _R, _P = 2**14, 8, 5
_MAX_MEMORY = 64 * 1024 * 1024
_SALT_BYTES, _HASH_BYTES = 16, 32
#: Digits of a PIN.
MIN_DIGITS, MAX_DIGITS = 4, 12
#: Wrong PINs in a row after which an agent is locked.
MAX_WRONG = 5
#: How a hash is written: `scrypt$SALT$HASH`, both in hexadecimal.
HASH_PATTERN = r"^scrypt\$[0-9a-f]{32}\$[0-9a-f]{64}$"


def is_pin(text: str) -> bool:
    """Whether it can be a PIN: 4 to 12 digits."""
    return MIN_DIGITS <= len(text) <= MAX_DIGITS and text.isascii() and text.isdigit()


def hashed(pin: str, salt: bytes | None = None) -> str:
    """The hash of a PIN, with a new salt where none is given. Takes some 100 ms: off the event loop."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    key = hashlib.scrypt(pin.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=_MAX_MEMORY, dklen=_HASH_BYTES)
    return f"scrypt${salt.hex()}${key.hex()}"


def matches(pin: str, kept: str) -> bool:
    """Whether a PIN is the one whose hash was kept. Takes as long as `hashed`; raises ValueError for a broken hash."""
    kind, salt, _ = kept.split("$")
    if kind != "scrypt":
        raise ValueError("the hash of a PIN begins with scrypt$")
    return hmac.compare_digest(hashed(pin, bytes.fromhex(salt)), kept)
