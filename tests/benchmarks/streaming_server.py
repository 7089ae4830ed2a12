"""A server that streams one answer of 2,000 tokens at a given rate, and tells when it was done."""

from __future__ import annotations

import asyncio
import re
import sys
import time

from tests.support.scripted_server import (
    END,
    NOT_FOUND,
    delta,
    event,
    head,
    json_answer,
    model_list,
    usage,
)

TOKENS = 2000
CHARACTERS = 4
LAST = "zyxwv"
"""Stands at the very end of the answer and nowhere else."""
MODEL = "streamed"


def answer() -> str:
    """Return the Markdown of the answer: headings, lists, a long code block, a table, prose."""
    code = "".join(f"    total += values[{n}] * weight({n})  # step {n}\n" for n in range(76))
    prose = "Edge AI runs models **where the data is made**, so that `answers` come at once. " * 6
    part = (
        "# A heading\n\n"
        + f"{prose}\n\n"
        + "".join(f"- point {n}: *short* and plain\n" for n in range(8))
        + "\n| name | value |\n|---|---|\n"
        + "".join(f"| row {n} | {n * n} |\n" for n in range(6))
        + "\n"
    )
    text = f"{part}```python\ndef run(values):\n{code}    return total\n```\n\n"
    while len(text) < TOKENS * CHARACTERS:
        text += part
    return text[: TOKENS * CHARACTERS]


def pieces() -> list[str]:
    """Return the answer's tokens, the last of which is `LAST`."""
    text = answer()
    cut = [text[at : at + CHARACTERS] for at in range(0, len(text), CHARACTERS)]
    return [*cut[: TOKENS - 1], f"\n\n{LAST}"]


async def serve(rate_hz: float) -> None:
    """Stream each answer at `rate_hz` tokens a second; 0: as fast as they are taken."""
    tokens = [event(delta(piece)) for piece in pieces()]

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        length = re.search(rb"content-length: *(\d+)", request, re.IGNORECASE)
        # What is left unread when a connection is closed makes it end with a reset.
        await reader.readexactly(int(length[1]) if length else 0)
        if b"/models" in request.split(b"\r\n", 1)[0]:
            for step in model_list(MODEL):
                writer.write(step)  # type: ignore[arg-type]
        elif b"/chat/completions" not in request:
            for step in json_answer(NOT_FOUND, status=404):
                writer.write(step)  # type: ignore[arg-type]
        else:
            writer.write(head(kind="text/event-stream"))
            start_s = time.monotonic()
            for number, token in enumerate(tokens):
                if rate_hz:
                    await asyncio.sleep(max(0.0, start_s + number / rate_hz - time.monotonic()))
                writer.write(token)
                await writer.drain()
            print(f"done {time.monotonic()}", flush=True)
            writer.write(event(delta(finish="stop")) + event(usage(7, TOKENS)) + END)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
