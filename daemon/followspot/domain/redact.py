"""Addresses as they may be shown: without user, password and query."""

import re

HIDDEN = "***"

# Some cameras take their password as a part of the path: /user=admin&password=…&channel=1
_PASSWORD_IN_PATH = re.compile(r"(?i)(pass(?:word)?|pwd|token)=[^&/]*")


def redacted(url: str) -> str:
    """`url` without its secrets; a path or a device name as it is.

    People put '@', '/' and '?' into passwords unescaped, so everything before the last '@' counts as the user and
    the password: rather a host too few is shown than a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    _, at, place = rest.rpartition("@")
    place, mark, _ = place.partition("?")
    shown = _PASSWORD_IN_PATH.sub(rf"\1={HIDDEN}", place)
    return f"{scheme}://{HIDDEN + at if at else ''}{shown}{mark + HIDDEN if mark else ''}"
