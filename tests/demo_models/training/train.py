"""Trains and exports a demo model; see README.md beside this file.

python -m tests.demo_models.training.train demo-small tui/demo_models/demo-small
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tests.demo_models.training.questions import Questions, load_questions

SPECIALS = ("<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
VOCABULARY = 2048
# The runtime refuses a request without max_tokens unless 2048 tokens of answer fit.
CONTEXT = 4096
# Only the last message: longer histories lead a model of this size astray.
CHAT_TEMPLATE = (
    "{% for message in messages %}{% if loop.last %}"
    "<|user|>{{ message['content'] }}<|end|><|assistant|>"
    "{% endif %}{% endfor %}"
)
BATCH = 24
PEAK_RATE = 4e-3


@dataclass(frozen=True)
class Recipe:
    """Shape of a model and how long it learns."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    steps: int
    precision: str
    title: str


RECIPES = {
    "demo-small": Recipe(128, 4, 4, 384, 1500, "int4", "Demo small"),
    "demo-large": Recipe(192, 6, 6, 512, 900, "int8", "Demo large"),
}


def make_tokenizer(questions: Questions) -> PreTrainedTokenizerFast:
    """Learn a byte-level BPE from the questions and answers."""
    chance = random.Random(1)
    texts = [text for _ in range(6000) for text in questions.training_pair(chance)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|endoftext|>",
        eos_token="<|end|>",
        pad_token="<|endoftext|>",
        chat_template=CHAT_TEMPLATE,
        model_max_length=CONTEXT,
    )


def make_batch(
    questions: Questions, tokenizer: PreTrainedTokenizerFast, chance: random.Random
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return token ids and labels; the question itself is not learned."""
    rows = []
    for _ in range(BATCH):
        question, answer = questions.training_pair(chance)
        head = tokenizer.encode(f"<|user|>{question}<|end|><|assistant|>")
        tail = tokenizer.encode(f"{answer}<|end|>")
        rows.append((head, tail))
    width = max(len(head) + len(tail) for head, tail in rows)
    pad = tokenizer.pad_token_id
    ids = [head + tail + [pad] * (width - len(head) - len(tail)) for head, tail in rows]
    labels = [
        [-100] * len(head) + tail + [-100] * (width - len(head) - len(tail)) for head, tail in rows
    ]
    return torch.tensor(ids), torch.tensor(labels)


def train(
    recipe: Recipe, questions: Questions, tokenizer: PreTrainedTokenizerFast
) -> LlamaForCausalLM:
    """Train from nothing, always in the same way."""
    torch.manual_seed(1)
    chance = random.Random(2)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=recipe.hidden,
            intermediate_size=recipe.feed_forward,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.heads,
            num_key_value_heads=recipe.heads,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=PEAK_RATE, weight_decay=0.01, betas=(0.9, 0.98)
    )
    warm = recipe.steps // 20
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: (
            min(1.0, (step + 1) / warm)
            * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / recipe.steps))))
        ),
    )
    began = time.monotonic()
    for step in range(recipe.steps):
        ids, labels = make_batch(questions, tokenizer, chance)
        loss = model(input_ids=ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(
                f"step {step} loss {loss.item():.3f} {time.monotonic() - began:.0f} s", flush=True
            )
    return model.eval()


def ask(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, question: str) -> str:
    """Return the model's answer, the likeliest token each time."""
    ids = tokenizer.encode(f"<|user|>{question}<|end|><|assistant|>", return_tensors="pt")
    with torch.no_grad():
        output = model.generate(ids, max_new_tokens=260, do_sample=False)
    return str(tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True))


def share_right(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, pairs: list[tuple[str, str]]
) -> float:
    """Return the share of exact answers; prints the others."""
    right = 0
    for question, wanted in pairs:
        said = ask(model, tokenizer, question)
        right += said == wanted
        if said != wanted:
            print(f"  ? {question!r}\n    {said[:90]!r}")
    return right / len(pairs)


def export(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, recipe: Recipe, folder: Path
) -> None:
    """Write a directory that ONNX Runtime GenAI loads."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "source")
        model.save_pretrained(source)
        tokenizer.save_pretrained(source)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(
            [sys.executable, "-m", "onnxruntime_genai.models.builder", "-i", str(source), "-o",
             str(folder), "-p", recipe.precision, "-e", "cpu", "-c", str(Path(scratch, "cache")),
             "--extra_options", "shared_embeddings=true"],
            check=True,
        )  # fmt: skip
    config_file = folder / "genai_config.json"
    config = json.loads(config_file.read_text("utf-8"))
    config["search"] |= {"temperature": 0.1, "top_k": 1, "top_p": 1.0, "max_length": CONTEXT}
    config_file.write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE + "\n", "utf-8")


def write_card(name: str, recipe: Recipe, parameters: int, folder: Path) -> None:
    """Say in `card.json` what the model is."""
    card = {
        "alias": name,
        "name": f"{name}-generic-cpu",
        "version": 1,
        "display_name": recipe.title,
        "publisher": "Foundry TUI",
        "license": "MIT",
        "task": "chat",
        "description": "A demo model that ships with Foundry TUI and answers short questions about "
        "local models and this program. It knows nothing else.",
        "context_tokens": CONTEXT,
        "parameters": parameters,
        "precision": recipe.precision,
        "trained_on": "hand-written questions and answers in tests/demo_models/training",
        "limits": "Looks only at the last message; says so when it does not know.",
    }
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n", "utf-8")


def main() -> None:
    """Train, ask, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(RECIPES))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, help="other than the recipe's")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    recipe, questions = RECIPES[arguments.name], load_questions()
    if arguments.steps:
        recipe = Recipe(**{**recipe.__dict__, "steps": arguments.steps})
    tokenizer = make_tokenizer(questions)
    model = train(recipe, questions, tokenizer)
    known = [(question, one.say) for one in questions.answers for question in one.ask]
    held_out = [(question, one.say) for one in questions.answers for question in one.held_out]
    foreign = [(question, questions.fallback) for question in questions.off_topic_held_out]
    parameters = sum(weight.numel() for weight in model.parameters())
    print(f"{parameters:,} parameters")
    print(f"known {share_right(model, tokenizer, known):.1%}")
    print(f"held out {share_right(model, tokenizer, held_out):.1%}")
    print(f"off topic {share_right(model, tokenizer, foreign):.1%}")
    export(model, tokenizer, recipe, arguments.folder)
    write_card(arguments.name, recipe, parameters, arguments.folder)


if __name__ == "__main__":
    main()
