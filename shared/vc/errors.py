"""What this library raises about input from outside. Anything else that comes out of it is a defect of ours."""

from typing import ClassVar


class VcError(Exception):
    """The input was refused, or could not be judged.

    Attributes:
        code: closed, machine-readable name of what is wrong (lower_snake_case).
        reason: one sentence for a person; holds no personal data beyond the member names of the document.
        pointer: JSON pointer (RFC 6901) into the document, "" when it concerns the whole.
        conclusive: False when nothing is wrong with the input itself and only this library cannot tell
            (an unknown context, an exhausted budget): a verifier reports that as inconclusive, never as invalid.
    """

    conclusive: ClassVar[bool] = True

    def __init__(self, code: str, reason: str, pointer: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
        self.pointer = pointer

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}" + (f" (at {self.pointer})" if self.pointer else "")

    def within(self, *steps: str | int) -> None:
        """Prepend steps to the pointer: called by each level of a document that the error passes on its way up."""
        escaped = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
        self.pointer = escaped + self.pointer


class JsonRefused(VcError):
    """Bytes that are not JSON, or mean different things to different readers. `offset` counts characters."""

    def __init__(self, code: str, reason: str, pointer: str = "", offset: int | None = None) -> None:
        super().__init__(code, reason, pointer)
        self.offset = offset


class UnknownContext(VcError):
    """A context that is not pinned here: what the document means cannot be told. `url` is its address."""

    conclusive: ClassVar[bool] = False

    def __init__(self, url: str) -> None:
        super().__init__("unknown_context", f"The context {url} is not among the pinned ones.")
        self.url = url


class InvalidContext(VcError):
    """The contexts contradict JSON-LD 1.1 or one another (JSON-LD 1.1 API, section 4)."""


class DataLoss(VcError):
    """Something in the document would be left out of what is signed (VC Data Integrity, Securing Data Losslessly)."""


class UndefinedTerm(DataLoss):
    """A member or a type that no context defines."""


class RelativeIri(DataLoss):
    """An identifier that is not an absolute IRI."""


class InvalidJsonLd(VcError):
    """The document breaks JSON-LD's own rules (a keyword misused, a value of the wrong kind)."""


class NotCompact(InvalidJsonLd):
    """What the document says is signed, but spelled so that readers of plain JSON overlook it (VCDM 2.0, 1.3)."""


class UnsupportedJsonLd(VcError):
    """Legal JSON-LD that this library does not process: inconclusive, never a wrong answer."""

    conclusive: ClassVar[bool] = False


class BudgetExceeded(VcError):
    """The document would take more work than the caller allows."""

    conclusive: ClassVar[bool] = False

    def __init__(self, reason: str = "The document would take more work than is allowed.") -> None:
        super().__init__("too_complex", reason)


class KeyRefused(VcError):
    """Bytes or a JWK that are not a key of a supported kind."""


class ProofInvalid(VcError):
    """The proof does not hold, or cannot be one: see `code`."""


class UnsupportedProof(VcError):
    """A kind of proof that this library does not know: inconclusive as such, another proof may do."""

    conclusive: ClassVar[bool] = False
