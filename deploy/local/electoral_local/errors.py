"""What can go wrong on one machine, each with the exit code that tells a caller the kind.

LocalError                   1   something failed that should have worked
  ConfigurationError        78   something outside must be changed before a new try
"""


class LocalError(Exception):
    """One sentence that says what is wrong and what to do."""

    exit_code = 1


class ConfigurationError(LocalError):
    """A port, a setting, a file or a program outside is not as we need it."""

    exit_code = 78
