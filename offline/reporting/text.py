"""The words of a report that are the same in every one: how to read it, and what the numbers do not mean."""

_READ = (
    (
        "Valence and arousal",
        "How pleasant, and how excited, the face and the voice look and sound: -1 to 1 each, as raters would put it. "
        "They are estimates of what is shown.",
    ),
    (
        "The band around a line",
        "The 90 % interval. On data like that the models learned from, nine of ten true values lie in it. It widens "
        "when a face is small, turned or dark, and while nothing new is seen.",
    ),
    (
        "Shaded time",
        "There are no numbers, and the reason stands in the shade. Missing is never drawn as zero, and no average "
        "counts it.",
    ),
    (
        "Emotions",
        "A distribution over eight words raters chose from. Mixed bands mean that raters would disagree, or that the "
        "model is unsure; they are not several feelings at once.",
    ),
    (
        "Action units",
        "Movements of single parts of the face after the Facial Action Coding System, 0 (absent) to 5 (maximum). They "
        "are raw: faces differ at rest, so compare a person with their own rest (`liveaffect baseline`).",
    ),
    (
        "Speech",
        "Whether anyone speaks, and whether this person does, by how the lips move while there is speech. Speech that "
        "fits no visible mouth is given to no face.",
    ),
    (
        "Discord",
        "How far the face's and the voice's distributions over the eight words lie apart: 0 alike, 1 bit nothing in "
        "common (Jensen-Shannon divergence). Two weak estimates differ easily: it is a reason to look, not a finding.",
    ),
)
_NOT = (
    "They do not say what a person feels, thinks, wants or is. Faces and voices show emotions in different ways, hide "
    "them, and show things that are none.",
    "They are no evidence of truth, health, character, attention or fitness for work, and no ground to decide about "
    "anyone.",
    "Intervals speak of the models' error on data like their training data. They cannot know of people, cameras, "
    "light, ages or cultures that were not in it.",
    "Differences between people may be differences between faces. Differences within a person over time are safer.",
    "Article 5(1)(f) of the EU AI Act (Regulation 2024/1689) forbids inferring emotions at work and in schools, except "
    "for medical or safety reasons. Tell the people who were measured, and ask them first.",
)

HOW_TO_READ = (
    '<h2>How to read this</h2><div class="read">'
    + "".join(
        f"<div><h3>{title}</h3><p>{text.replace('`liveaffect baseline`', '<code>liveaffect baseline</code>')}</p></div>"
        for title, text in _READ
    )
    + "</div>"
)
LIMITS = (
    '<div class="limits"><b>What these numbers do not mean</b><ul>'
    + "".join(f"<li>{text}</li>" for text in _NOT)
    + "</ul></div>"
)
