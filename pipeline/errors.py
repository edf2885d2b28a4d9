"""The one error tree.

    ParleyError
    ├── SettingError      a setting or command-line value that cannot be used
    ├── SeedError         a seed file that cannot be used: names file, line and the mend
    ├── FeedError         one feed failed; becomes a row of the run report, never stops the rest
    │   ├── FetchError        no usable answer came over the network
    │   └── ParseError        the answer is no feed
    └── StoreError        the database cannot be used
        └── StoreBusy         another process holds it

Anything else that is raised is a bug and is left to raise.
"""

from __future__ import annotations


class ParleyError(Exception):
    """Root of everything Parley raises on purpose; its text is fit to show to a person."""


class SettingError(ParleyError):
    """A setting or command-line value cannot be used; the text names it and what is allowed."""


class SeedError(ParleyError):
    """A seed file cannot be used; the text names the file, the line or row, and the mend."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class FeedError(ParleyError):
    """One feed failed in this cycle."""

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(problem)
        self.url = url
        self.problem = problem

    def __reduce__(self) -> tuple[type[FeedError], tuple[str, str]]:
        # Parsing runs in worker processes: the default pickling would lose the address.
        return type(self), (self.url, self.problem)


class FetchError(FeedError):
    """The feed could not be fetched: refused, timed out, too large, or an HTTP error status."""


class ParseError(FeedError):
    """What was fetched is not a feed document."""


class StoreError(ParleyError):
    """The database cannot be opened, read or written; the text says why and what to do."""


class StoreBusy(StoreError):
    """Another process holds the database; the text names it."""
