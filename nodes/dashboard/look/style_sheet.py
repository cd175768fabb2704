"""How Qt's own widgets (buttons, fields, lists, dialogs) look; `palette.py` gives the colours."""

from collections.abc import Mapping
from string import Template

_RULES = Template("""
QToolTip { background: $card; color: $text; border: 1px solid $border; padding: 5px 7px; }
QPushButton, QToolButton { background: $card; color: $text; border: 1px solid $border; border-radius: 7px;
    padding: 5px 11px; min-height: 18px; }
QPushButton:hover, QToolButton:hover { border-color: $faint; }
QPushButton:pressed, QToolButton:pressed { background: $track; }
QPushButton:focus, QToolButton:focus { border: 1px solid $accent; }
QPushButton:checked, QToolButton:checked { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton[kind="chip"] { padding: 2px 9px; min-height: 15px; color: $dim; }
QPushButton[kind="chip"]:checked { background: $card; color: $accent; border-color: $accent; }
QPushButton[kind="chip"]:disabled, QPushButton[kind="chip"]:checked:disabled { color: $faint; border-color: $border; }
QPushButton:disabled, QToolButton:disabled { color: $faint; background: $window; }
QPushButton:default, QPushButton[kind="primary"] { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton:default:disabled, QPushButton[kind="primary"]:disabled { background: $track; color: $faint;
    border-color: $border; }
QPushButton[kind="record"] { font-weight: 600; }
QPushButton[kind="record"]:checked { background: $rec; color: $card; border-color: $rec; }
QToolButton { padding: 5px 6px; }
QToolButton::menu-indicator { width: 0; image: none; }
QLineEdit, QPlainTextEdit { background: $card; color: $text;
    border: 1px solid $border; border-radius: 7px; padding: 4px 8px; min-height: 18px;
    selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit:focus { border-color: $accent; }
QLineEdit:disabled { color: $faint; background: $window; }
QComboBox[kind="drop"] { background: $card; color: $text; border: 1px solid $border; border-radius: 7px;
    padding: 4px 22px 4px 8px; min-height: 18px; }
QComboBox[kind="drop"]:focus { border-color: $accent; }
QComboBox[kind="drop"]:disabled { color: $faint; background: $window; }
QComboBox[kind="drop"]::drop-down { border: none; width: 22px; }
QComboBox QAbstractItemView { background: $card; color: $text; border: 1px solid $border;
    selection-background-color: $accent; selection-color: $on_accent; outline: none; }
QMenu { background: $card; color: $text; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 5px 18px; border-radius: 5px; }
QMenu::item:selected { background: $accent; color: $on_accent; }
QMenu::item:disabled { color: $faint; background: transparent; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QCheckBox:disabled, QLabel:disabled { color: $faint; }
QLabel[kind="dim"] { color: $dim; }
QLabel[kind="warn"] { color: $warn; }
QLabel[kind="bad"] { color: $bad; }
QLabel[kind="key"] { background: $card; border: 1px solid $border; border-radius: 5px; padding: 2px 7px; }
QFrame[kind="rule"] { background: $border; border: none; max-height: 1px; }
QListWidget { background: $card; color: $text; border: 1px solid $border; border-radius: 7px; padding: 4px;
    outline: none; }
QListWidget::item { padding: 5px 8px; border-radius: 5px; }
QListWidget::item:selected { background: $accent; color: $on_accent; }
QScrollBar:vertical { background: transparent; width: 10px; }
QScrollBar::handle:vertical { background: $border; border-radius: 4px; min-height: 24px; margin: 1px; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: transparent;
    border: none; height: 0; }
QTreeWidget { background: $card; color: $text; border: 1px solid $border; border-radius: 7px; outline: none; }
QTreeWidget::item { padding: 4px; }
QTreeWidget::item:selected { background: $accent; color: $on_accent; }
QHeaderView::section { background: $card; color: $dim; border: none; border-bottom: 1px solid $border; padding: 4px; }
QProgressBar { background: $track; border: none; border-radius: 3px; max-height: 7px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QSlider::groove:horizontal { background: $track; height: 5px; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { background: $accent; width: 14px; margin: -5px 0; border-radius: 7px; }
QSlider::handle:horizontal:disabled { background: $faint; }
""")


def style_sheet(colours: Mapping[str, str]) -> str:
    """The rules with the colours of one look, by the names of its fields."""
    return _RULES.substitute(colours)
