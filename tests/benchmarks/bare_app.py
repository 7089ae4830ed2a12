"""The smallest Textual app that shows text: what every Textual program pays."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class Bare(App[None]):
    BINDINGS = [("q", "quit", "quit"), ("j", "next", "next")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield Static("ready demo-small", id="text")

    def action_next(self) -> None:
        text = self.query_one("#text", Static)
        text.update(str(text.content) + ".")


if __name__ == "__main__":
    Bare().run()
