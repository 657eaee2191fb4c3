"""What a verb says when it cannot do what was asked: a Chinese sentence the user can act on."""

from __future__ import annotations


class DomainError(Exception):
    """A refusal with its sentence.

    `message` is Chinese, names what is wrong and the way out, and never holds a secret.
    `field` is the catalogue name of the input it belongs under, or None for the whole form.
    `status` is the HTTP status that a page answers with.
    """

    status = 422

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Conflict(DomainError):
    """Someone else was faster."""

    status = 409


class Absent(DomainError):
    """The row does not exist, or not for this person: both look the same."""

    status = 404

    def __init__(self, message: str = "您要找的内容不存在，或不在您的管理范围内") -> None:
        super().__init__(message)


class Forbidden(DomainError):
    """The person may know that the thing exists, but not do this with it."""

    status = 403


class TooOften(DomainError):
    """A limit of attempts is reached; it passes by itself."""

    status = 429


class Busy(DomainError):
    """The house cannot serve just now; the same request may succeed in a moment."""

    status = 503

    def __init__(self, message: str = "系统正忙，请稍候几秒再试，您填写的内容没有丢失") -> None:
        super().__init__(message)


class Problems(DomainError):
    """Several refusals of one form at once.

    `errors` maps input names to their sentences; `warnings` are sentences that refuse nothing.
    """

    def __init__(self, errors: dict[str, list[str]], warnings: list[str] | None = None) -> None:
        super().__init__("；".join(sentence for sentences in errors.values() for sentence in sentences))
        self.errors = errors
        self.warnings = warnings or []
