"""What can go wrong while a file is read, split by whose fault it is.

The file's faults (`FileFault`) become an outcome with a stable code and are never retried. Everything else
(`ShortFetch` and whatever the fetch function itself raises) is the world's fault: it leaves `examine` as an exception
and is retried.
"""

from typing import ClassVar, Literal

type Status = Literal["rejected", "failed"]


class ExtractionError(Exception):
    """Anything this domain raises."""


class BudgetSpent(ExtractionError):
    """The bytes or requests that reading this file may cost are used up."""


class ShortFetch(ExtractionError):
    """The store answered with another number of bytes than was asked for: the object is not what we were told."""

    def __init__(self, first: int, wanted: int, got: int) -> None:
        super().__init__(f"asked for {wanted} bytes at {first}, got {got}")
        self.first, self.wanted, self.got = first, wanted, got


class StoreTooSlow(ExtractionError):
    """A single range took so long that the program which wanted it may have given up for that reason."""


class ZygoteUnavailable(ExtractionError):
    """The server that starts the limited child processes cannot be started or spoken to."""


class MediaToolsMissing(ExtractionError):
    """No ffprobe in MEDIA_TOOLS_DIR, /opt/bin or PATH."""


class ToolsAreComing(ExtractionError):
    """The media tools are just being built on this machine: try again in a while."""


class FileFault(ExtractionError):
    """Something about the file itself: `code` is stable, `message` a sentence for its owner, `detail` for our log."""

    status: ClassVar[Status] = "failed"

    def __init__(self, code: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.detail = code, message, detail


class Rejected(FileFault):
    """The file was understood and may not be in the library."""

    status: ClassVar[Status] = "rejected"


class Failed(FileFault):
    """The file could not be read."""


class Damaged(Failed):
    """The content does not follow its own format."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("damaged", "The file is damaged or incomplete.", detail)


class ReadingBudgetSpent(Failed):
    """More of the file would have to be read than one reading may cost."""

    def __init__(self) -> None:
        super().__init__("reading_budget_spent", "The file needs more reading than is allowed for one file.")


class ReaderTimedOut(Failed):
    """The reader used up its processor or wall time and was stopped."""

    def __init__(self) -> None:
        super().__init__("reader_timed_out", "Reading the file took too long and was stopped.")


class ReaderOutOfMemory(Failed):
    """The reader asked for more memory than it may have."""

    def __init__(self) -> None:
        super().__init__("reader_out_of_memory", "Reading the file needs more memory than is allowed.")


class ReaderCrashed(Failed):
    """The reader died, or answered with something that is no answer."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("reader_crashed", "The file made its reader crash.", detail)
