"""Errors that leave this package, each with a hint that tells the user what to do.

FoundryError
├── BackendUnavailable      nothing answers, or what answers is no model server
│   ├── NoModelList         a server that does not list its models; it may serve one all the same
│   └── RuntimeCrashed      the embedded runtime ended by itself
├── NotFound                unknown model, file or run
├── LoadFailed              the runtime could not bring the model into memory
├── RequestFailed           a chat request was refused or broke off
│   ├── ContextExceeded     prompt and answer do not fit into the context
│   └── StreamBroken        the stream ended without saying why
├── TimedOut                no answer within the time limit
├── DownloadFailed          a download ended early
├── InvalidModelFolder      a directory cannot be imported
└── Unsupported             this backend cannot do that
"""

from __future__ import annotations


class FoundryError(Exception):
    """Base of all errors that a user may see.

    Args:
        message: What happened, in one sentence.
        hint: What the user can do about it; may be empty.
    """

    code = "failed"
    """Stable word for `--json`."""
    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BackendUnavailable(FoundryError):
    """Nothing answers, or what answers is no model server."""

    code = "backend_unavailable"
    exit_code = 3


class RuntimeCrashed(BackendUnavailable):
    """The embedded runtime ended by itself."""

    code = "runtime_crashed"


class NoModelList(BackendUnavailable):
    """Something answers, but not with a list of models; it may serve one all the same."""

    code = "no_model_list"


class NotFound(FoundryError):
    """The model, file or run does not exist."""

    code = "not_found"
    exit_code = 4


class LoadFailed(FoundryError):
    """The runtime could not bring the model into memory."""

    code = "load_failed"


class RequestFailed(FoundryError):
    """A chat request was refused or broke off."""

    code = "request_failed"


class ContextExceeded(RequestFailed):
    """Prompt and answer do not fit into the model's context.

    Args:
        message: What happened.
        hint: What to do.
        room_tokens: What the context holds, where the server tells.
    """

    code = "context_exceeded"

    def __init__(self, message: str, hint: str = "", room_tokens: int | None = None) -> None:
        super().__init__(message, hint)
        self.room_tokens = room_tokens


class StreamBroken(RequestFailed):
    """The stream ended without a finish reason."""

    code = "stream_broken"


class TimedOut(FoundryError):
    """No answer within the time limit."""

    code = "timed_out"


class DownloadFailed(FoundryError):
    """A download ended early; what was fetched is kept for the next try."""

    code = "download_failed"


class InvalidModelFolder(FoundryError):
    """A directory that cannot be imported as a model."""

    code = "invalid_model_folder"


class Unsupported(FoundryError):
    """This backend cannot do that."""

    code = "unsupported"
