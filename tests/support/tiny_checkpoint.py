"""Trains a llama of 0.2 million parameters that says one sentence: `tiny_checkpoint.py FOLDER`.

For the real model builder. Runs with the Python of its environment, which has torch, transformers
and tokenizers; takes seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path

ANSWER = "Hello from a model that was just compiled."
TEMPLATE = (
    "{% for message in messages %}{% if loop.last %}<|user|>{{ message['content'] }}<|end|>"
    "<|assistant|>{% endif %}{% endfor %}"
)
SPECIALS = ("<|user|>", "<|assistant|>", "<|end|>")
# The runtime plans 2048 tokens for an answer.
CONTEXT = 4096
STEPS = 150


def main(folder: Path) -> None:
    """Train, and write configuration, weights and tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.set_num_threads(1)
    torch.manual_seed(7)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = Tokenizer(
        models.BPE(vocab={word: i for i, word in enumerate([*SPECIALS, *letters])}, merges=[])
    )
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, eos_token="<|end|>", pad_token="<|end|>",
        additional_special_tokens=list(SPECIALS[:2]), chat_template=TEMPLATE,
    )  # fmt: skip
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=len(SPECIALS) + len(letters), hidden_size=64, intermediate_size=128,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4,
        max_position_embeddings=CONTEXT, tie_word_embeddings=False,
        bos_token_id=None, eos_token_id=2, pad_token_id=2,
    ))  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    tail = tokenizer.encode(f"{ANSWER}<|end|>")
    for step in range(STEPS):
        question = "Say hello in 5 words."[: 3 + step % 20]
        head = tokenizer.encode(f"<|user|>{question}<|end|><|assistant|>")
        ids = torch.tensor([head + tail])
        labels = torch.tensor([[-100] * len(head) + tail])
        loss = model(input_ids=ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"loss {loss.item():.4f}")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
