"""What is stored of pixels and sound, by explicit choice; trouble with one of them costs that one and is told."""

from liveaffect.stream.messages import AudioChunk, Message, VideoFrame
from liveaffect.stream.session.media.writer import EncoderError, H264Film, LosslessFilm, SoundFile, Spans
from liveaffect.stream.session.writer import SessionWriter
from liveaffect.stream.topics import VIDEO


class MediaKeeper:
    """Stores frames and sound of a session as its manifest (`persisted`) says.

    Nothing here keeps the session alive: it ends with `close`, however many recordings one process makes.
    """

    def __init__(self, session: SessionWriter) -> None:
        self._session = session
        kept = session.info.persisted
        self._spans = Spans(session)
        session.at_flush(self._spans.end)  # a kill costs the pixels of a second, at any rate of frames
        session.at_close(self._spans.end)
        self._film: LosslessFilm | H264Film | None = None
        try:
            if kept.video == "lossless":
                self._film = LosslessFilm(session, self._spans)
            elif kept.video == "h264":
                self._film = H264Film(session)
        except EncoderError as error:
            session.trouble(VIDEO.name, str(error))
        self._sound = SoundFile(session, self._spans) if kept.audio else None

    @property
    def film(self) -> bool:
        """True while pixels of frames are stored."""
        return self._film is not None

    def store(self, message: Message) -> None:
        """Stores the pixels or the sound of a message; a full disk ends the session."""
        try:
            if self._film is not None and isinstance(message, VideoFrame):
                self._film.add(message)
            elif self._sound is not None and isinstance(message, AudioChunk):
                self._sound.add(message)
        except EncoderError as error:
            self._film = None
            self._session.trouble(VIDEO.name, str(error))
        except (OSError, ValueError) as error:  # a file that was closed under it is a ValueError
            self._session.fail(error)
