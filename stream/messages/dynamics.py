"""Messages about how affect moves over time and between people; docs/dynamics.md says what each number means."""

from typing import Literal

from liveaffect.stream.messages.header import Message, Part


class Interval(Part):
    """A posterior median with its 90 % interval."""

    value: float
    low: float
    high: float


class Moved(Part):
    """How valence or arousal moved over the last minutes; None where there was too little to tell."""

    seconds: float = 0.0
    """Time with values."""
    level: Interval | None = None
    """Where the person stays on average, -1 to 1."""
    variability: Interval | None = None
    """Standard deviation about the level, without the estimate's error."""
    inertia_s: Interval | None = None
    """Time in which what is left of a displacement falls to 37 %."""
    instability: Interval | None = None
    """Root mean square of successive differences over one second, without the estimate's error."""


class PersonDynamics(Part):
    """One person."""

    id: int
    by: Literal["face", "voice"] = "face"
    """Whose word the measures rest on."""
    seconds: float = 0.0
    valence: Moved | None = None
    arousal: Moved | None = None
    shares: tuple[float, ...] | None = None
    """Share of the time in each category, in the order of `liveaffect.models.circumplex.EMOTIONS`."""
    transitions: tuple[int, ...] | None = None
    """64 numbers, row by row: seconds of the row's category that the column's followed."""


class Dynamics(Message):
    """Everyone's measures over the last minutes, once a second."""

    people: tuple[PersonDynamics, ...] = ()


class Following(Part):
    """Who follows whom in valence or arousal, by windowed cross-correlation."""

    windows: int
    lag_s: float
    """Positive where the second person follows the first."""
    lag_low_s: float
    lag_high_s: float
    peak: float
    """Mean correlation at that lag, -1 to 1."""
    p: float
    """Share of surrogates that rise as high at any lag."""
    share: float
    """Share of windows beyond chance; by chance alone 0.04."""
    curve: tuple[float | None, ...] = ()
    """Mean correlation at lags from -5 s to 5 s in steps of 0.2 s."""
    chance: tuple[float | None, ...] = ()
    """The 95 % quantile of the surrogates there."""


class Influence(Part):
    """How fast one person's affect is drawn to the other's."""

    rate: Interval
    """Per second."""
    gain: float
    """Share of a lasting displacement that is taken over."""
    beyond_chance: bool
    """The 98 % interval of the rate leaves 0 out."""


class Coupling(Part):
    """Two people as one process: who moves whom."""

    first_by_second: Influence
    second_by_first: Influence
    together: float
    """Correlation of what moves both at the same instant, -1 to 1."""


class Mirrored(Part):
    """Onsets of an expression in one person that the other answered within a second."""

    onsets: int
    answered: int
    chance: float
    """How many would be by chance."""
    p: float


class Turns(Part):
    """Speech of two people; pairs are the first's and the second's."""

    seconds: float
    turns: tuple[int, int]
    speech_s: tuple[float, float]
    overlap_s: float
    changes: int
    """How often the floor changed."""
    offset_s: float | None = None
    """Median from the end of one's turn to the beginning of the other's: a gap above 0, an overlap below."""


class PairDynamics(Part):
    """Two people; None where a measure was not made yet, or there was too little for it."""

    first: int
    second: int
    seconds: float = 0.0
    """Time in which both were known."""
    valence: Following | None = None
    arousal: Following | None = None
    valence_coupling: Coupling | None = None
    arousal_coupling: Coupling | None = None
    second_smiles_back: Mirrored | None = None
    first_smiles_back: Mirrored | None = None
    second_frowns_back: Mirrored | None = None
    first_frowns_back: Mirrored | None = None
    turns: Turns | None = None


class Together(Message):
    """Every pair's measures over the last minutes, once a second."""

    pairs: tuple[PairDynamics, ...] = ()


class Shift(Message):
    """A person's level changed at once; `t_ns` is the instant at which it was told."""

    id: int
    dimension: Literal["valence", "arousal"]
    at_ns: int
    """When it changed, to 0.2 s."""
    before: float
    after: float
    certainty: float
    """Probability of a change of at least `dynamics.shift_least`, 0 to 1."""
