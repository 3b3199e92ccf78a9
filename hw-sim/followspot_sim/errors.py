"""What a person can do something about."""


class SimulatorError(Exception):
    """The simulator cannot run as asked: which file, entry or option, what is wrong, and what would do."""
