"""An app whose keys take effect one after the other, however fast they come."""

from __future__ import annotations

import time
from collections import deque
from typing import TypeVar

from textual import events, on
from textual.app import App
from textual.dom import DOMNode
from textual.message import Message

Result = TypeVar("Result")
LONGEST_WAIT_S = 1.0
LOOK_AGAIN_S = 0.05
"""A widget that goes away takes the marker in its queue with it: then nobody answers."""


class KeyTakenIn(Message):
    """Follows a key through the same queues: where it arrives, the key has been acted upon."""


class OrderedKeysApp(App[Result]):
    """Hands a key to the focused widget only when the one before it has taken effect.

    Textual hands keys on as they come, and acts upon bindings once a key has bubbled back up. Of
    `/`, letters and `enter` in one burst, as a slow line delivers them, the letters would go to
    the list and be taken for commands.
    """

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key] = deque()
        self._marker: KeyTakenIn | None = None
        self._marked_s = 0.0
        self._marked: DOMNode | None = None

    async def on_event(self, event: events.Event) -> None:
        """Queue what is typed; everything else goes its usual way."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        await self._hand_on_if_free()

    async def _hand_on_if_free(self) -> None:
        gone = self._marked is not None and not self._marked.is_attached
        late = time.monotonic() - self._marked_s > LONGEST_WAIT_S
        if self._marker is None or gone or late:
            await self._hand_on()
        if self._typed:
            self.set_timer(LOOK_AGAIN_S, self._hand_on_if_free)

    async def _hand_on(self) -> None:
        self._marker = None
        while self._typed and self._marker is None:
            target = self.focused or self.screen
            await super().on_event(self._typed.popleft())
            marker = KeyTakenIn()
            # A key that closes a dialog at once takes the widget away, and with it its queue.
            if target.is_attached and target.screen is self.screen and target.post_message(marker):
                self._marker, self._marked_s = marker, time.monotonic()
                self._marked = target

    @on(KeyTakenIn)
    async def _taken_in(self, message: KeyTakenIn) -> None:
        if message is self._marker:
            await self._hand_on()
