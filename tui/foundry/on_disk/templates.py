"""The families of chat templates: recognised by their special tokens, and written where missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """How a family of models wants turns to be written."""

    marks: tuple[str, ...]
    """Special tokens that a tokenizer or template of it has, all of them."""
    turn: str
    """One turn in Jinja, with `message['role']` and `message['content']`."""
    answer: str
    """What the answer begins after."""
    prompt: str
    """The same for one question as the service generation wants it: text around `{Content}`."""

    @property
    def jinja(self) -> str:
        """The whole chat template."""
        return (
            f"{{% for message in messages %}}{self.turn}{{% endfor %}}"
            f"{{% if add_generation_prompt %}}{self.answer}{{% endif %}}"
        )


FAMILIES: Mapping[str, Family] = {
    "chatml": Family(
        ("<|im_start|>", "<|im_end|>"),
        "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n",
        "<|im_start|>assistant\n",
        "<|im_start|>user\n{Content}<|im_end|>\n<|im_start|>assistant\n",
    ),
    "llama-3": Family(
        ("<|start_header_id|>", "<|eot_id|>"),
        "<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
        "{{ message['content'] }}<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "<|start_header_id|>user<|end_header_id|>\n\n{Content}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    "phi": Family(
        ("<|assistant|>", "<|end|>"),
        "<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n",
        "<|assistant|>\n",
        "<|user|>\n{Content}<|end|>\n<|assistant|>\n",
    ),
    "gemma": Family(
        ("<start_of_turn>", "<end_of_turn>"),
        "<start_of_turn>{{ 'model' if message['role'] == 'assistant' else 'user' }}\n"
        "{{ message['content'] }}<end_of_turn>\n",
        "<start_of_turn>model\n",
        "<start_of_turn>user\n{Content}<end_of_turn>\n<start_of_turn>model\n",
    ),
    "mistral": Family(
        ("[INST]", "[/INST]"),
        "{% if message['role'] == 'assistant' %} {{ message['content'] }}</s>"
        "{% else %}[INST] {{ message['content'] }} [/INST]{% endif %}",
        "",
        "[INST] {Content} [/INST]",
    ),
    "plain": Family(
        (),
        "{{ message['role'] }}: {{ message['content'] }}\n",
        "assistant: ",
        "user: {Content}\nassistant: ",
    ),
}
"""By name; the first whose marks are all there is the one, `plain` in the end."""


def recognise(text: str) -> str:
    """Return the family whose special tokens stand in a tokenizer's file or a template."""
    return next(
        name for name, family in FAMILIES.items() if all(mark in text for mark in family.marks)
    )


def prompt_template(text: str) -> dict[str, str]:
    """Return `PromptTemplate` for `inference_model.json`, by which the service generation asks.

    Args:
        text: The model's chat template.
    """
    return {"assistant": "{Content}", "prompt": FAMILIES[recognise(text)].prompt}
