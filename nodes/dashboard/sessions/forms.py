"""The menu of what a session can be exported to: the words of `liveaffect export`, and where the file goes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PySide6.QtWidgets import QMenu, QWidget

from liveaffect.stream.session.facts import SessionCard


class Form(NamedTuple):
    """One entry: its words, the ending of the file, and what `liveaffect export` is told besides."""

    words: str
    ending: str
    told: tuple[str, ...]

    def target(self, session: Path) -> Path:
        """Beside the session's folder, under its name."""
        return session.with_name(f"{session.name}{self.ending}")


FORMS: dict[str, Form] = {
    "csv": Form("CSV (R, pandas, SPSS)", ".csv", ("--to", "csv", "--markers")),
    "excel": Form("CSV for Excel", ".csv", ("--to", "csv", "--markers", "--excel")),
    "parquet": Form("Parquet", ".parquet", ("--to", "parquet", "--markers")),
    "xdf": Form("XDF (Lab Streaming Layer)", ".xdf", ("--to", "xdf", "--markers")),
    "openface": Form("OpenFace's columns (CSV)", ".openface.csv", ("--to", "openface")),
    "elan": Form("ELAN (.eaf)", ".eaf", ("--to", "elan")),
    "textgrid": Form("Praat (.TextGrid)", ".TextGrid", ("--to", "textgrid")),
    "edf": Form("EDF+ (physiology)", ".edf", ("--to", "edf")),
    "bids": Form("BIDS (a dataset)", ".bids", ("--to", "bids")),
    "mp4": Form("Film (MP4)", ".mp4", ("--to", "mp4")),
    "overlay": Form("Film with what was measured drawn in", ".overlay.mp4", ("--to", "mp4", "--overlay")),
}
FIRST_OF_GROUPS = ("openface", "mp4")
FILMS = ("mp4", "overlay")


def menu_of(parent: QWidget, card: SessionCard, export: Callable[[str], None]) -> QMenu:
    """The forms in groups; films only where pictures were stored."""
    menu = QMenu(parent)
    pictures = any("video" in one for one in card.stored)
    for name, form in FORMS.items():
        if name in FIRST_OF_GROUPS:
            menu.addSeparator()
        action = menu.addAction(form.words)
        action.setEnabled(pictures or name not in FILMS)
        action.triggered.connect(partial(export, name))
    if not pictures:
        menu.addAction("no pictures were stored in this session").setEnabled(False)
    return menu
