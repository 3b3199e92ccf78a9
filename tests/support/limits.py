"""How long a test waits at the most."""

from asyncio import timeout as at_most  # noqa: TID251  # a test's own task is never being cancelled

__all__ = ["at_most"]
