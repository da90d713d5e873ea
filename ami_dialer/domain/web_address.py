"""Web addresses as people get to see them."""

from urllib.parse import urlsplit

#: Characters that are shown.
_LONGEST = 300


def shown_address(url: str) -> str:
    """An address without its query, which may hold a key, and without a user and a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "an address that cannot be read"
    host = f"[{host}]" if ":" in host else host
    shown = f"{parts.scheme}://{host}{'' if port is None else f':{port}'}{parts.path}"
    return "".join(character if character.isprintable() else "?" for character in shown[:_LONGEST])
