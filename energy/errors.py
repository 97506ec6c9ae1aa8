"""Every error that Energy Advisor raises on purpose, in one tree.

    AdvisorError
    ├── SettingsError     a file, flag or environment variable says something impossible
    ├── DataError         history or a recorded home cannot be read as it is
    │   └── UnclearError  a file may mean two things: which, a person has to say
    ├── MemoryFault       the day store or its index is damaged, busy or of another version
    │   ├── NotWritable   a part of the memory cannot be written: who can do without it goes on
    │   └── NewerFormat   it was written by a newer version than this one
    ├── TransportError    the broker cannot be reached or refuses us
    └── ModelError        the language model is absent, late, or answers outside its schema

Each message says what is wrong, the offending value, and what to do.
"""


class AdvisorError(Exception):
    """Base of all errors a user may see as one line."""


class SettingsError(AdvisorError):
    """A setting is impossible; exit code 2."""


class DataError(AdvisorError):
    """Recorded data cannot be used as it stands."""


class UnclearError(DataError):
    """A file may mean two things; `option` settles it with one of `choices`, for `file` alone where that is set."""

    def __init__(self, message: str, *, option: str, choices: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.option, self.choices = option, choices
        self.file: str | None = None


class MemoryFault(AdvisorError):  # noqa: N818 (MemoryError is Python's own)
    """The advisor's memory is damaged, in use by another process, or of another version."""


class NotWritable(MemoryFault):
    """A part of the memory cannot be written; decisions go on from what can be read."""


class NewerFormat(MemoryFault):
    """A newer version wrote what this one cannot be sure to understand."""


class TransportError(AdvisorError):
    """Messages cannot travel."""


class ModelError(AdvisorError):
    """The language model gave no usable answer."""
