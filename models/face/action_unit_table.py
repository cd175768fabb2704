"""The table of action units: which blendshapes and which landmark measures speak for each, in what range, and why.

Sources named in the rows:
FACS  Ekman, Friesen & Hager, "Facial Action Coding System", 2002 (the numbers are its units; "appearance changes")
PR04  Pantic & Rothkrantz, "Facial action recognition for facial expression analysis from static face images",
      IEEE Trans. SMC-B 34(3), 2004 (units as changes of distances between facial points)
TKC01 Tian, Kanade & Cohn, "Recognizing action units for facial expression analysis", IEEE PAMI 23(2), 2001
VP12  Valstar & Pantic, "Fully automatic recognition of the temporal phases of facial actions", IEEE SMC-B 42(1), 2012
EDF90 Ekman, Davidson & Friesen, "The Duchenne smile", J. Personality and Social Psychology 58(2), 1990
SC16  Soukupova & Cech, "Real-time eye blink detection using facial landmarks", CVWW 2016
BG23  Grishchenko et al., "Blendshapes GHUM: real-time monocular facial blendshape prediction", arXiv:2309.05782, 2023

Ranges: "rest" is the median over 625 FER+ training faces that raters call neutral, "full" the outermost half per cent
over 3,000 FER+ faces of all expressions, both within 25 degrees of yaw and rounded. That is what makes a channel that
never passes 0.4 (eyeWide, mouthFunnel, mouthFrown) as loud as one that reaches 1. cheekSquint, noseSneer and cheekPuff
stay below 0.004 on those faces: no row uses them.

"quiet" is the larger of the 95th percentiles over 1,078 UTKFace and 1,783 FER+ faces (training parts) that are neutral
and turned by no more than 23 degrees. Faces differ at rest: without it a brow that lies low reads as a frown.
"""

from typing import NamedTuple


class Term(NamedTuple):
    """One piece of evidence: (value - rest) / (full - rest), held to [-0.5, 1], times `weight`."""

    cue: str
    """A blendshape name (of a left and a right one: their stem) or a key of `MEASURES`."""
    rest: float
    full: float
    weight: float


class Unit(NamedTuple):
    """One action unit. Its evidence is the sum of its terms; up to `quiet` it counts as next to nothing."""

    number: int
    name: str
    terms: tuple[Term, ...]
    source: str
    quiet: float
    """Evidence that 95 of 100 neutral faces do not pass."""


T = Term
# fmt: off
MEASURES: dict[str, tuple[str, tuple[int, ...], tuple[int, ...]]] = {
    # name: axis ("y" down the face, "x" across it), points, minus points; means over each side, in MediaPipe face mesh
    # indices. The unit is the distance between the outer corners of the eyes.
    "inner brow height":     ("y", (133, 362), (107, 55, 336, 285)),
    "inner over outer brow": ("y", (70, 46, 300, 276), (107, 55, 336, 285)),
    "outer brow height":     ("y", (33, 263), (70, 46, 63, 53, 300, 276, 293, 283)),
    "brow distance":         ("x", (336, 285), (107, 55)),
    "upper lid over iris":   ("y", (468, 473), (159, 158, 160, 386, 385, 387)),
    "lower lid height":      ("y", (145, 144, 153, 374, 373, 380), (33, 133, 263, 362)),
    "eye opening":           ("y", (145, 144, 153, 374, 373, 380), (159, 158, 160, 386, 385, 387)),
    "lid to lower orbit":    ("y", (232, 231, 452, 451), (145, 144, 374, 373)),
    "cheek height":          ("y", (118, 119, 101, 347, 348, 330), (33, 133, 263, 362)),
    "brow to nose wing":     ("y", (129, 49, 64, 358, 279, 294), (55, 107, 285, 336)),
    "nose wing height":      ("y", (129, 49, 48, 358, 279, 278), (133, 362)),
    "nose tip to bridge":    ("y", (4, 1), (195, 197)),
    "nose to upper lip":     ("y", (0, 37, 267), (2,)),
    "lip corner height":     ("y", (13, 14), (61, 291)),
    "nose to lip corner":    ("y", (61, 291), (2,)),
    "mouth width":           ("x", (291,), (61,)),
    "upper red lip":         ("y", (13, 82, 312), (0, 37, 267)),
    "lower red lip":         ("y", (17, 84, 314), (14, 87, 317)),
    "lip opening":           ("y", (14, 87, 317), (13, 82, 312)),
    "nose to lower lip":     ("y", (17, 84, 314), (2,)),
    "lower lip to chin":     ("y", (199, 175), (17, 84, 314)),
    "nose to chin":          ("y", (152,), (2,)),
}

UNITS: tuple[Unit, ...] = (
    Unit(1, "inner brow raiser", (
        T("browInnerUp", 0.03, 0.95, 0.65), T("inner over outer brow", 0.04, 0.10, 0.20),
        T("inner brow height", 0.20, 0.31, 0.15),
    ), "FACS AU1; PR04: inner corners of the brows rise", 0.46),
    Unit(2, "outer brow raiser", (
        T("browOuterUp", 0.10, 0.93, 0.70), T("outer brow height", 0.185, 0.27, 0.30),
    ), "FACS AU2; PR04: outer corners of the brows rise", 0.64),
    Unit(4, "brow lowerer", (
        T("browDown", 0.03, 0.83, 0.90), T("inner brow height", 0.20, 0.10, 0.15), T("brow distance", 0.32, 0.28, 0.10),
    ), "FACS AU4: brows down and together; TKC01: distance between the brows", 0.60),
    Unit(5, "upper lid raiser", (
        T("eyeWide", 0.01, 0.45, 0.50), T("upper lid over iris", 0.041, 0.084, 0.50),
    ), "FACS AU5: more of the iris is seen above the pupil; TKC01: eye height", 0.31),
    Unit(6, "cheek raiser", (
        T("eyeSquint", 0.28, 0.80, 0.30), T("lower lid height", 0.034, 0.004, 0.35),
        T("cheek height", 0.226, 0.165, 0.35),
    ), "FACS AU6: cheeks rise, eyes narrow from below; EDF90; cheekSquint is silent", 0.28),
    Unit(7, "lid tightener", (
        T("eyeSquint", 0.28, 0.80, 0.70), T("lower lid height", 0.034, 0.004, 0.30),
    ), "FACS AU7: lower lid up and straight; PR04: distance between the lids", 0.54),
    Unit(9, "nose wrinkler", (
        T("nose wing height", 0.394, 0.290, 0.35), T("brow to nose wing", 0.605, 0.430, 0.35),
        T("nose tip to bridge", 0.242, 0.175, 0.30), T("mouthSmile", 0.00, 0.95, -0.15),
    ), "FACS AU9: nose wings rise, inner brows come down to them; TKC01: nose wrinkles; noseSneer is silent", 0.49),
    Unit(10, "upper lip raiser", (
        T("mouthUpperUp", 0.00, 0.82, 0.50), T("nose to upper lip", 0.158, 0.078, 0.50),
        T("mouthSmile", 0.00, 0.95, -0.30),
    ), "FACS AU10; PR04: upper lip nears the nose; a smile lifts the lip too and is taken off", 0.29),
    Unit(12, "lip corner puller", (
        T("mouthSmile", 0.00, 0.96, 0.80), T("lip corner height", 0.00, 0.135, 0.20),
    ), "FACS AU12; PR04: lip corners up and back", 0.10),
    Unit(14, "dimpler", (
        T("mouthDimple", 0.004, 0.35, 0.60), T("mouthPress", 0.02, 0.45, 0.15), T("mouth width", 0.55, 0.75, 0.25),
        T("mouthSmile", 0.00, 0.95, -0.25),
    ), "FACS AU14: corners tighten and pull inwards", 0.18),
    Unit(15, "lip corner depressor", (
        T("mouthFrown", 0.003, 0.43, 0.35), T("lip corner height", 0.00, -0.04, 0.40),
        T("nose to lip corner", 0.25, 0.35, 0.25),
        T("mouthSmile", 0.00, 0.95, -0.30),
    ), "FACS AU15; PR04: lip corners down", 0.30),
    Unit(17, "chin raiser", (
        T("mouthShrugLower", 0.025, 0.70, 0.70), T("lower lip to chin", 0.245, 0.365, 0.15),
        T("nose to lower lip", 0.373, 0.26, 0.15),
    ), "FACS AU17: chin boss pushes the lower lip up; VP12", 0.40),
    Unit(18, "lip pucker", (
        T("mouthPucker", 0.07, 0.98, 0.45), T("mouth width", 0.55, 0.39, 0.55),
        T("lip corner height", 0.00, -0.04, -0.30),
    ), "FACS AU18; PR04: mouth narrows; the blendshape alone also answers to a drooping mouth", 0.65),
    Unit(20, "lip stretcher", (
        T("mouthStretch", 0.006, 0.65, 0.55), T("mouth width", 0.55, 0.80, 0.45), T("mouthSmile", 0.00, 0.95, -0.45),
    ), "FACS AU20; PR04: mouth widens without the corners rising", 0.20),
    Unit(22, "lip funneler", (
        T("mouthFunnel", 0.003, 0.25, 0.40), T("mouth width", 0.55, 0.39, 0.20),
        T("upper red lip", 0.075, 0.115, 0.20), T("lower red lip", 0.108, 0.160, 0.20),
    ), "FACS AU22: lips turn out, more red is seen; BG23 for the blendshape", 0.34),
    Unit(23, "lip tightener", (
        T("upper red lip", 0.075, 0.033, 0.35), T("lower red lip", 0.108, 0.064, 0.35),
        T("mouthRollUpper", 0.008, 0.43, 0.15), T("mouthRollLower", 0.02, 0.57, 0.15),
        T("lip opening", 0.02, 0.20, -0.20),
    ), "FACS AU23: the red of the lips narrows; TKC01: lip height", 0.47),
    Unit(24, "lip pressor", (
        T("mouthPress", 0.012, 0.38, 0.50), T("upper red lip", 0.075, 0.033, 0.25),
        T("lower red lip", 0.108, 0.064, 0.25),
        T("lip opening", 0.02, 0.20, -0.50), T("mouthSmile", 0.00, 0.95, -0.20),
    ), "FACS AU24: lips pressed together, their red narrows; PR04", 0.55),
    Unit(25, "lips part", (
        T("lip opening", 0.02, 0.30, 0.85), T("mouthLowerDown", 0.001, 0.90, 0.15),
    ), "FACS AU25; PR04: distance between the lips", 0.24),
    Unit(26, "jaw drop", (
        T("jawOpen", 0.007, 0.80, 0.65), T("nose to chin", 0.704, 1.00, 0.35),
    ), "FACS AU26; PR04: chin leaves the nose", 0.15),
    Unit(28, "lip suck", (
        T("mouthRollUpper", 0.008, 0.43, 0.35), T("mouthRollLower", 0.02, 0.57, 0.35),
        T("upper red lip", 0.075, 0.033, 0.15), T("lower red lip", 0.108, 0.064, 0.15),
    ), "FACS AU28: lips rolled in, their red gone; PR04", 0.35),
    Unit(43, "eye closure", (
        T("eye opening", 0.097, 0.02, 0.60), T("eyeBlink", 0.07, 0.75, 0.40),
    ), "FACS AU43, drooping lids count as its lower grades; SC16: lid distance over eye width", 0.47),
    Unit(45, "blink", (
        T("eyeBlink", 0.25, 0.75, 0.60), T("eye opening", 0.055, 0.02, 0.40),
    ), "FACS AU45: as AU43, of half closed lids and beyond; how long they stay so is for whoever has the past", 0.05),
)
# fmt: on
