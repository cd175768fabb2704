"""Keys, lawful use, and what this is: one sheet for every window."""

from collections.abc import Sequence
from importlib.metadata import version

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from liveaffect.nodes.dashboard.look.fields import fit, label

LAWFUL = (
    "Describes what a face and a voice show, not what a person feels. Tell people, and ask them. "
    "In the EU, inferring emotions at work or in education is forbidden, except for medical or safety reasons."
)
MEANING = (
    "Valence (unpleasant to pleasant) and arousal (calm to excited) run from −1 to +1 and describe what a face and a "
    "voice <b>show</b>, as raters would describe it. They do not say what a person feels, thinks, intends or is. The "
    "shaded bands and the ellipse say how sure the sensor is; where it is hardly surer than it would be of anybody, no "
    "category is named (<b>heard, not told</b>: most voices alone). A missing number is missing: a lost face is a "
    "word, never a zero."
)
LAW = (
    "Article 5(1)(f) of the EU AI Act (Regulation 2024/1689) forbids placing on the market, putting into service or "
    "using AI systems that infer emotions of natural persons in the areas of workplace and education institutions, "
    "except for medical or safety reasons. Elsewhere emotion recognition is subject to transparency duties "
    "(Article 50) and, in many uses, to those of high-risk systems. Faces and voices are personal data, often "
    "biometric: tell people, and ask them. Not for decisions about individuals: not hiring, schooling, policing, "
    "insurance, lie detection, or clinical use. The shipped weights are for research use."
)
PRIVACY = (
    "No pixel and no sound is stored unless asked for, and nothing leaves this computer unless a network camera or a "
    "gateway address is set up."
)


class HelpSheet(QDialog):
    """Shows the keys of the window that opened it: (key, what it does)."""

    def __init__(self, keys: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("liveaffect: keys and lawful use")
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(24, 20, 24, 12)
        column.setSpacing(8)
        column.addWidget(label("Keys", bold=True))
        column.addLayout(_table(keys))
        for title, words in (
            ("What the numbers mean", MEANING),
            ("Lawful use", LAW),
            ("Privacy", PRIVACY),
            ("About", f"liveaffect {version('liveaffect')}, Apache-2.0. Third-party parts and data: the file NOTICE."),
        ):
            column.addSpacing(10)
            column.addWidget(label(title, bold=True))
            text = label(words, wrap=True)
            text.setTextFormat(Qt.TextFormat.RichText)
            text.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            column.addWidget(text)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(content)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.setContentsMargins(24, 0, 24, 16)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll, 1)
        outer.addWidget(buttons)
        fit(self, 620, 600)


def _table(keys: Sequence[tuple[str, str]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(20)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(1, 1)
    for row, (key, what) in enumerate(keys):
        grid.addWidget(label(key, "key"), row, 0, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(label(what, wrap=True), row, 1)
    return grid
