"""The voice model as it is shipped."""

from pathlib import Path

import numpy as np
import pytest

from liveaffect.models import registry
from liveaffect.models.voice.affect import VoiceAffectModel


@pytest.fixture(scope="module")
def model(shared: Path) -> VoiceAffectModel:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))
        patch.delenv("LIVEAFFECT_PROFILE", raising=False)
        net = registry.load("voice-affect")
        net.predict(np.zeros(16000, np.float32))  # opens the speech detector while its folder is named
    return net
