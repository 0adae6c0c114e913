"""A dialog to choose a form and a file for what is on the screen, and the writing of the file."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, STRONG, WARN, content, shown
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.destination import Text, destination
from unpact_tui.display import display_text
from unpact_tui.errors import UsageError

Form = Literal["md", "json", "html", "svg"]
"""What the file is; also how its name ends."""


@dataclass(frozen=True, slots=True)
class _Offer:
    key: str
    form: Form
    name: str
    what: str


_OFFERS = (
    _Offer("m", "md", "Markdown", "a report to read"),
    _Offer("j", "json", "JSON", "the whole result, for programs"),
    _Offer("h", "html", "HTML", "one page with colours, to send or print"),
    _Offer("s", "svg", "SVG", "a picture of the screen"),
)

_LONGEST_STEM = 60


def default_stem(case: str | None, now: datetime) -> str:
    """Return a file name without its ending: of a case, or of the moment.

    What is not safe in the name of a file on any system is left out.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", case or "").strip("-.")[:_LONGEST_STEM]
    return f"unpact-{plain or f'{now:%Y%m%d-%H%M%S}'}"


def write_export(path: Path, data: Text | bytes) -> None:
    """Put `data`, UTF-8 where it is bytes, in a file, whole or not at all.

    Raises `BadUsage`, `Unwritable`; what was there is then as it was.
    """
    destination(path).write(data.decode() if isinstance(data, bytes) else data)


def offline(svg: str) -> str:
    """Return a picture of the screen that fetches no font from elsewhere when it is looked at."""
    return re.sub(r',\s*url\("https?://[^")]*"\)\s*format\("[^"]*"\)', "", svg)


class PathInput(Input):
    """A line that no control sequence gets into."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, select_on_focus=False)
        self.cursor_blink = False

    def replace(self, text: str, start: int, end: int) -> None:
        """Make every change visible."""
        super().replace(display_text(text), start, end)


class ExportScreen(ModalScreen[tuple[Form, Path] | None]):
    """Gives a form and a file back, both agreed to, or None. It writes nothing."""

    DEFAULT_CSS = """
    ExportScreen {
        align: center middle;
        & .export-box {
            width: 76;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 1 2;
            background: $panel;
            border: round $border;
            border-title-style: bold;
            scrollbar-size-vertical: 1;
        }
        & .export-offer { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & Label { margin-top: 1; color: $text-muted; }
        & Input {
            background: $background;
            border: round $border-blurred;
            &:focus { border: round $border; }
        }
        & #export-note { height: 2; }
        &.-low, &.-lowest {
            & .export-box { padding: 0 2; }
            & Label { display: none; }
            & Input { border: none; height: 1; padding: 0; }
        }
        &.-ascii .export-box { border: ascii $border; }
        &.-ascii .export-offer { text-overflow: clip; }
        &.-ascii Input { border: ascii $border-blurred; &:focus { border: ascii $border; } }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(each.key, f"form('{each.form}')", each.name, id=f"export_{each.form}")
            for each in _OFFERS
        ),
        Binding(
            "enter,ctrl+s",
            "accept",
            "Write",
            priority=True,
            key_display="enter",
            id="accept_export",
        ),
        Binding("tab,shift+tab", "edit", "File", priority=True, key_display="tab", id="edit_path"),
        Binding(
            "escape,ctrl+g",
            "dismiss(None)",
            "Cancel",
            priority=True,
            key_display="esc",
            id="cancel_export",
        ),
        # A modal screen keeps the application's own binding away.
        Binding("ctrl+c", "app.interrupt", show=False, id="interrupt_export"),
    ]
    AUTO_FOCUS = ""

    def __init__(
        self, stem: str, glyphs: Glyphs, ascii_only: bool, folder: Path | None = None
    ) -> None:
        """Offer `stem` and an ending, in the current folder unless there is another."""
        super().__init__(classes="-ascii" if ascii_only else None)
        self._glyphs = glyphs
        self._start = str(Path(stem) if folder is None else folder / stem)
        self._form: Form = "md"
        self._given = f"{self._start}.{self._form}"
        self._agreed: Path | None = None
        """The file that is there and may be replaced."""
        self._noted = ("", "")

    def compose(self) -> ComposeResult:
        """Lay out the forms, the file and what there is to say about it."""
        with VerticalScroll(classes="export-box", can_focus=False) as box:
            box.border_title = Content("Export")
            for offer in _OFFERS:
                yield Static(
                    self._written(offer), id=f"export-offer-{offer.form}", classes="export-offer"
                )
            yield Label("File")
            yield PathInput(id="export-path")
            yield Static(id="export-note", markup=False)
        yield Foot()

    def on_mount(self) -> None:
        """Offer the file."""
        self._give(self._given)

    # ------------------------------------------------------------ keys

    def action_form(self, form: Form) -> None:
        """Choose a form; the ending of the file's name follows, if it was one of ours."""
        old, self._form = self._form, form
        typed = self.query_one(PathInput).value
        if typed == display_text(self._given):
            self._give(f"{self._start}.{form}")
        elif typed.endswith(f".{old}"):
            self.query_one(PathInput).value = f"{typed.removesuffix(f'.{old}')}.{form}"
        for offer in _OFFERS:
            if offer.form in (old, form):
                row = self.query_one(f"#export-offer-{offer.form}", Static)
                row.update(self._written(offer), layout=False)

    def action_edit(self) -> None:
        """Go to the file's name, or back to the forms."""
        field = self.query_one(PathInput)
        if field.has_focus:
            self.set_focus(None)
        else:
            self.set_focus(field)  # at once: what is typed next is part of the name
            field.cursor_position = len(field.value)

    def on_input_changed(self) -> None:
        """Another name is another file: nothing is agreed to any more."""
        self._agreed = None
        self._say(*self._state_of(self._path()))

    def action_accept(self) -> None:
        """Give form and file back; a file that is there is asked for once more."""
        path = self._path()
        try:
            destination(path)
        except UsageError as error:
            # The name stands above; here it could push the reason out of sight.
            words = f"{error} {error.hint}".strip()
            named = words.startswith(str(path))
            self._say(f"It{words.removeprefix(str(path))}" if named else words, WARN)
            return
        if _there(path) and self._agreed != path:
            self._agreed = path
            self._say("The file is there: the same key once more replaces it.", WARN)
            return
        self.dismiss((self._form, path))

    # ------------------------------------------------------------ what is shown

    def _give(self, name: str) -> None:
        self._given = name
        field = self.query_one(PathInput)
        field.value = display_text(name)
        field.cursor_position = len(field.value)

    def _path(self) -> Path:
        """Return the file; a name that was not touched is as it was given, byte by byte."""
        typed = self.query_one(PathInput).value
        path = Path(self._given if typed == display_text(self._given) else typed.strip())
        with suppress(RuntimeError):  # there is no such person
            return path.expanduser()
        return path

    def _state_of(self, path: Path) -> tuple[str, str]:
        if _is_folder(path):
            return "It needs a name: this is a folder.", WARN
        if _there(path):
            return f"There is such a file already{_where(path)}.", WARN
        return f"A new file{_where(path)}.", LABEL

    def _written(self, offer: _Offer) -> Content:
        chosen = offer.form == self._form
        line = (
            (f"{'>' if chosen else ' '} {offer.key}", STRONG),
            (f"  {offer.name:<10}", STRONG if chosen else ""),
            (offer.what, LABEL),
        )
        return content([line], self._glyphs)

    def _say(self, words: str, style: str) -> None:
        if (words, style) != self._noted:
            self._noted = (words, style)
            line = content([((shown(words), style),)], self._glyphs)
            self.query_one("#export-note", Static).update(line, layout=False)


def _there(path: Path) -> bool:
    """Tell whether something would be replaced; what cannot be looked at is found when writing."""
    try:
        return path.exists()
    except OSError:
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _where(path: Path) -> str:
    """Return in which folder it is, if that can be said."""
    with suppress(OSError):
        return f" in {path.absolute().parent}"
    return ""
