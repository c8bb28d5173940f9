"""The tree of errors, split by what a caller can do about one.

    Trade2026Error
    ├─ InvalidInputError          the caller's input is wrong: tell the caller, never retry
    │  └─ InvalidNumberError      a text is not an exact number within bounds
    ├─ SettingsError              a setting is unknown or malformed: the process does not start
    ├─ StartError                 the machine is not ready: one line says what to do
    ├─ IllegalTransitionError     an order's status does not allow the step
    ├─ UnavailableError           the other side did not answer: the outcome is unknown, ask again
    │  ├─ BusUnavailableError     the message bus or its log
    │  ├─ VenueUnavailableError   a venue
    │  ├─ PolicyUnavailableError  the policy for orders
    │  ├─ StoppingError           a service that writes nothing any more: its next life does
    │  └─ StoreDamagedError       kept state cannot be read: it is made again from the log
    ├─ RefusedError               the other side understood and said no: do not retry
    │  ├─ VenueRejectedError      a venue's rejection
    │  ├─ VenueBusyError          a venue did not look at it: we ask too often, wait
    │  ├─ SupersededError         another writer has appended where only one may
    │  └─ QueryRefusedError       a database's refusal of a query
    └─ CodecError                 bytes are not a message of the stated type and version

An expected "no" of the domain is a value (`Refusal`), not an error.
"""


class Trade2026Error(Exception):
    """The root of every error of this package."""


class InvalidInputError(Trade2026Error):
    """Input from outside is wrong; `field` names where, as the sender spells it."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}" if field else why)
        self.field = field
        self.why = why


class InvalidNumberError(InvalidInputError):
    """A text is not an exact number within bounds."""

    def __init__(self, text: str, why: str) -> None:
        # The text is a stranger's: quote a little of it only.
        super().__init__("", f"{text[:40]!r} is {why}")
        self.text = text


class SettingsError(Trade2026Error):
    """A setting is unknown or malformed."""


class StartError(Trade2026Error):
    """The machine cannot run the platform as asked; the text says what to do, in one line."""


class IllegalTransitionError(Trade2026Error):
    """An order's status does not allow the step."""


class UnavailableError(Trade2026Error):
    """The other side did not answer; whether it acted is unknown."""


class BusUnavailableError(UnavailableError):
    """The message bus, or the log behind it, did not answer in time."""


class VenueUnavailableError(UnavailableError):
    """A venue did not answer in time; an order sent to it is in doubt."""


class PolicyUnavailableError(UnavailableError):
    """The policy for orders did not judge one: it was too slow, broke, or said nothing usable."""


class StoppingError(UnavailableError):
    """A service writes nothing any more in this life; what its log has, the next one knows."""


class StoreDamagedError(UnavailableError):
    """Kept state is damaged or of another format; the next start makes it again from the log."""


class RefusedError(Trade2026Error):
    """The other side understood the request and said no."""


class VenueRejectedError(RefusedError):
    """A venue refused a request; repeating it cannot help."""


class SupersededError(RefusedError):
    """Another writer has appended to a stream since; nothing of this one was stored."""


class VenueBusyError(RefusedError):
    """A venue did not look at a request, because there were too many; `wait_s` is what it wants."""

    def __init__(self, why: str, wait_s: float) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class QueryRefusedError(RefusedError):
    """A database refused or could not carry out a query; `code` is the database's own."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class CodecError(Trade2026Error):
    """Bytes are not a message of the stated type and version."""
