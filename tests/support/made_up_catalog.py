"""A catalog of the size and shape of the public one, with made-up models.

The recording of the preview command lists 49 models: 22 of them with variants for several
providers, 27 for a GPU alone; 23 MB to 12 GB; chat, vision, speech and embeddings; MIT and
apache-2.0; ten that reason. These rows have that shape, and no name of a real model.
"""

from __future__ import annotations

from typing import Any

from tui.foundry.listing import models_from_rows
from tui.foundry.types import Model

BEASTS = ("otter", "heron", "lynx", "badger", "marten", "osprey", "stoat", "wren", "crake", "vole")
TASKS = {"chat": "chat-completion", "vision": "image-text-to-text",
         "speech": "automatic-speech-recognition", "embeddings": "embeddings"}  # fmt: skip
MAKERS = ("Lakeside", "Hillside", "Seaside")
MANY = (("cuda-gpu", "GPU", "CUDAExecutionProvider", 1.0),
        ("generic-gpu", "GPU", "WebGpuExecutionProvider", 1.05),
        ("generic-cpu", "CPU", "CPUExecutionProvider", 1.2))  # fmt: skip
COUNT, WITH_MANY = 49, 22


def made_up_rows(copies: int = 1) -> list[dict[str, Any]]:
    """Return a row for each variant of 49 models, or of as many copies of them."""
    rows: list[dict[str, Any]] = []
    for number in range(COUNT * copies):
        place = number % COUNT
        beast, size = BEASTS[place % len(BEASTS)], (0.5, 1.5, 3, 7, 14)[place % 5]
        task = "chat" if place < 31 else ("vision", "speech", "embeddings")[place % 3]
        alias = f"{beast}-{size:g}b-{task}" + (f"-{number}" if number >= len(BEASTS) else "")
        for suffix, device, provider, factor in MANY if place < WITH_MANY else MANY[:1]:
            rows.append(
                {
                    "id": f"{alias}-{suffix}:{place % 4 + 1}",
                    "alias": alias,
                    "display_name": alias.title(),
                    "publisher": MAKERS[place % 3],
                    "license": "MIT" if place % 2 else "apache-2.0",
                    "task": TASKS[task],
                    "description": "",
                    "context_tokens": (None, 4096, 32_768, 131_072)[place % 4],
                    "supports_tools": task == "chat" and place % 2 == 0,
                    "supports_reasoning": task == "chat" and place % 3 == 0,
                    "device": device,
                    "execution_provider": provider,
                    "size_bytes": int(size * 0.7e9 * factor),
                    "cached": place in (0, 1),
                    "loaded": False,
                    "origin": "catalog",
                }
            )
    return rows


def made_up_catalog(variants: int = 0) -> tuple[Model, ...]:
    """Return 49 models, or as many as hold the wanted number of variants."""
    copies = max(1, -(-variants // len(made_up_rows())))
    return models_from_rows(made_up_rows(copies))
