from __future__ import annotations

import json

import pytest

from tui.foundry.endpoint.wording import clean, failure
from tui.foundry.errors import BackendUnavailable, ContextExceeded, NotFound, RequestFailed


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\x1b[31mred\x1b[0m\nb\tc\x07", "ared b c"),
        ("\x1b]0;title\x07x\x1b]52;c;AAAA\x1b\\y", "xy"),
        ("right\u202eleft\x9b", "rightleft"),
        (
            "Load failed: genai_model_instance.cc:204 fl::GenAIModelInstance::GenAIModelInstance("
            "const std::string &, std::function<void(int)>) config not found",
            "Load failed: config not found",
        ),
        ("Load failed: genai_model_instance.cc:204 no file (genai_config.json)",
         "Load failed: no file (genai_config.json)"),
        ("/src/core/session.cc:12 void onnxruntime::Run(int) const [with T = int] bad graph",
         "bad graph"),
        ("see http://a.test/a.html:80 for more", "see http://a.test/a.html:80 for more"),
        ("key sk-secret is wrong", "key *** is wrong"),
    ],
)  # fmt: skip
def test_messages_are_cleaned(raw: str, shown: str) -> None:
    assert clean(raw, "sk-secret") == shown


def test_long_messages_are_cut() -> None:
    assert len(clean("x" * 10_000)) == 300


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"error": {"message": "request requires 9000 total tokens (8900 input + 100 output), "
                       "which exceeds the model's maximum context length of 4096 tokens"}},
            "The request needs 9,000 tokens (8,900 prompt + 100 answer); "
            "the model's context holds 4,096.",
        ),
        (
            {"error": {"message": "This model's maximum context length is 512 tokens. However, you "
                       "requested 600 tokens (500 in the messages, 100 in the completion)."}},
            "The request needs 600 tokens (500 prompt + 100 answer); "
            "the model's context holds 512.",
        ),
        (
            {"error": {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 700,
                       "n_ctx": 512, "message": "the request exceeds the available context size"}},
            "The request needs 700 tokens; the model's context holds 512.",
        ),
    ],
)  # fmt: skip
def test_a_full_context_is_told_in_numbers(body: object, message: str) -> None:
    error = failure(400, json.dumps(body), model="demo")
    assert isinstance(error, ContextExceeded)
    assert error.message == message
    assert "Shorten" in error.hint


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (404, '{"error":{"message":"Model not found: No model matching \'x\'"}}', NotFound, "'x'"),
        (404, '{"error":"model \'x\' not found"}', NotFound, "'x'"),
        (400, '{"error":{"message":"Model not loaded: Model \'x\' must be loaded before '
              'inference"}}', RequestFailed, "not loaded"),
        (401, '{"error":"Unauthorized"}', RequestFailed, "asks for a key"),
        (401, '{"detail":"Invalid API key"}', RequestFailed, "asks for a key"),
        (403, "Invalid host header", RequestFailed, "asks for a key"),
        (422, '{"detail":[{"msg":"Unexpected keys: top_k"}]}', RequestFailed, "top_k"),
        (500, "", RequestFailed, "no reason given"),
        (503, '{"detail":{"msg":"Server is busy; please try again later."}}', RequestFailed,
         "busy"),
        (200, "<!DOCTYPE html><h1>Router</h1>", BackendUnavailable, "not a model server"),
        (502, "<html>Bad Gateway</html>", BackendUnavailable, "not a model server"),
    ],
)  # fmt: skip
def test_every_kind_of_refusal(status: int, body: str, kind: type, words: str) -> None:
    error = failure(status, body, model="x", url="http://box")
    assert type(error) is kind or isinstance(error, kind)
    assert words in error.message
    assert error.hint


def test_a_refused_key_is_not_repeated() -> None:
    error = failure(401, '{"error":"Incorrect API key: sk-1234"}', secret="sk-1234")
    assert "sk-1234" not in error.message + error.hint
    assert "refused the key" in error.message
