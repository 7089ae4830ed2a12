"""Writes a llama of random weights, for servers that need some model: `tiny_llama.py FOLDER`.

Runs with the Python of the server's own environment, which has numpy, safetensors and tokenizers.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

WIDTH, LAYERS, HEADS, HIDDEN = 64, 2, 4, 128
TEXT = "the model runs on this machine and answers with words that mean nothing at all"
TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }} {{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant {% endif %}"
)


def main(folder: Path) -> None:
    """Write configuration, weights and tokenizer."""
    import numpy as np
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = {
        word: number for number, word in enumerate(["<unk>", "<s>", "</s>", *TEXT.split()])
    }
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    write(folder / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
        "unk_token": "<unk>", "chat_template": TEMPLATE,
    })  # fmt: skip
    write(folder / "config.json", {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": HEADS,
        "intermediate_size": HIDDEN, "vocab_size": len(vocabulary), "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "max_position_embeddings": 512, "tie_word_embeddings": True,
        "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32",
    })  # fmt: skip
    random = np.random.default_rng(7)

    def weights(*shape: int) -> np.ndarray:
        return random.normal(0, 0.3, shape).astype(np.float32)

    tensors = {
        "model.embed_tokens.weight": weights(len(vocabulary), WIDTH),
        "model.norm.weight": np.ones(WIDTH, np.float32),
    }
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            tensors[f"{at}self_attn.{name}.weight"] = weights(WIDTH, WIDTH)
        tensors[f"{at}mlp.gate_proj.weight"] = weights(HIDDEN, WIDTH)
        tensors[f"{at}mlp.up_proj.weight"] = weights(HIDDEN, WIDTH)
        tensors[f"{at}mlp.down_proj.weight"] = weights(WIDTH, HIDDEN)
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{at}{name}.weight"] = np.ones(WIDTH, np.float32)
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})


def write(path: Path, value: object) -> None:
    """Write JSON."""
    path.write_text(json.dumps(value))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
