"""Opens ONNX files with onnxruntime: one thread, the provider asked for and then checked, warmed up."""

import logging
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from liveaffect.models.errors import BadInput, ModelBroken, ModelMissing, RuntimeMissing
from liveaffect.models.files.manifest import Entry, Tensor

Provider = Literal["cpu", "cuda", "tensorrt", "coreml", "directml", "openvino"]
Array = npt.NDArray[Any]

PROVIDERS: dict[str, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
# TF32 rounds convolutions to ten bits: quicker on large nets, but then a GPU's answers are not the CPU's within 1e-3.
_OPTIONS = {"cuda": {"use_tf32": "0"}}
_DTYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64"} | {
    f"tensor({name})": name for name in ("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "bool")
}
_QUIET = "ORT_DISABLE_TELEMETRY"
_log = logging.getLogger(__name__)


class _Argument(Protocol):
    """An input or output, as the runtime (which has no stubs) describes it."""

    name: str
    shape: Sequence[int | str | None]
    type: str


class _Session(Protocol):
    """What is used of the runtime's InferenceSession."""

    def get_providers(self) -> Sequence[str]: ...

    def get_inputs(self) -> Sequence[_Argument]: ...

    def get_outputs(self) -> Sequence[_Argument]: ...

    def get_modelmeta(self) -> Any: ...

    def run(self, output_names: None, input_feed: dict[str, Array]) -> Sequence[npt.ArrayLike]: ...


class Net:
    """One ONNX net, ready to run.

    Parameters
    ----------
    path: the file.
    name: what to call the model in messages; the file's name where None.
    provider: where to run; the CPU is always the second choice, and `notice` says so when it was taken.
    threads: intra-op threads. One by default: more of them fight with the other nodes for the same cores.
    warm_up: arrays for a first run, by input name; zeros where None (skipped where a shape is open in more than
        its first axis).

    Raises
    ------
    ModelMissing, ModelBroken, RuntimeMissing.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str | None = None,
        provider: Provider = "cpu",
        threads: int = 1,
        warm_up: Mapping[str, Array] | None = None,
    ) -> None:
        self.path = Path(path)
        self.name = name or self.path.name
        self.notice: str | None = None
        """What differs from what was asked for, or None."""
        self._session = self._open(provider, threads)
        self.providers: tuple[str, ...] = tuple(self._session.get_providers())
        """The execution providers really in use, first choice first."""
        self._check_provider(provider)
        self.inputs = tuple(_tensor(node) for node in self._session.get_inputs())
        self.outputs = tuple(_tensor(node) for node in self._session.get_outputs())
        feeds = warm_up if warm_up is not None else self._zeros()
        if feeds is not None:
            self.run(feeds)

    @property
    def on_cpu(self) -> bool:
        """True where it runs on the CPU, whatever was asked for."""
        return self.providers[:1] == (PROVIDERS["cpu"],)

    @property
    def notes(self) -> dict[str, str]:
        """What stands in the file beside the net: its metadata, by key."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    def run(self, feeds: Mapping[str, Array]) -> tuple[Array, ...]:
        """Outputs in the net's order. Raises BadInput where an array does not fit."""
        try:
            return tuple(np.asarray(value) for value in self._session.run(None, dict(feeds)))
        except Exception as error:  # the runtime's own exceptions share no base below this
            given = {key: (value.shape, str(value.dtype)) for key, value in feeds.items()}
            wanted = {t.name: (t.shape, t.dtype) for t in self.inputs}
            raise BadInput(f"model `{self.name}` takes {wanted}, it was given {given}: {_reason(error)}") from error

    def run_batched(self, feeds: Mapping[str, Array], batch: int) -> tuple[Array, ...]:
        """As `run` on arrays that share a first axis of any length, at most `batch` rows at a time.

        On a GPU the rows are filled up with zeros to a power of two: each new shape costs it a search for kernels.
        """
        rows = {len(value) for value in feeds.values()}
        if batch < 1 or len(rows) != 1 or 0 in rows:
            raise BadInput(
                f"model `{self.name}`: batches need a size of 1 or more and inputs of one length, not {rows}"
            )
        parts = [
            self._run_part({key: value[start : start + batch] for key, value in feeds.items()}, batch)
            for start in range(0, rows.pop(), batch)
        ]
        return parts[0] if len(parts) == 1 else tuple(np.concatenate(column) for column in zip(*parts, strict=True))

    def _run_part(self, feeds: dict[str, Array], batch: int) -> tuple[Array, ...]:
        rows = len(next(iter(feeds.values())))
        missing = 0 if self.on_cpu else min(batch, 1 << (rows - 1).bit_length()) - rows
        if missing:
            feeds = {key: np.pad(value, [(0, missing)] + [(0, 0)] * (value.ndim - 1)) for key, value in feeds.items()}
        return tuple(output[:rows] for output in self.run(feeds)) if missing else self.run(feeds)

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of the input `name`, -1 where an axis is open; None where it is not there."""
        return next((tensor.shape for tensor in self.inputs if tensor.name == name), None)

    def expect(self, name: str, numbers: int) -> None:
        """Raises ModelBroken where the input `name` is not there, or its last axis holds other than so many numbers."""
        shape = self.shape(name)
        if shape is None or shape[-1] != numbers:
            raise ModelBroken(
                f"{self.path}: input `{name}` should end in {numbers} numbers, the net has {shape}; "
                "weights and code are of different versions: install liveaffect again"
            )

    def check(self, entry: Entry) -> None:
        """Raises ModelBroken where the net's inputs or outputs are not those its manifest entry declares."""
        for what, declared, real in (("input", entry.inputs, self.inputs), ("output", entry.outputs, self.outputs)):
            by_name = {tensor.name: tensor for tensor in real}
            for tensor in declared:
                found = by_name.get(tensor.name)
                if found is None:
                    raise ModelBroken(f"{self.path} has no {what} `{tensor.name}`; it has {', '.join(by_name)}")
                if not _fits(tensor.shape, found.shape) or tensor.dtype != found.dtype:
                    raise ModelBroken(
                        f"{self.path}: {what} `{tensor.name}` is {found.dtype} {list(found.shape)}, "
                        f"the manifest says {tensor.dtype} {list(tensor.shape)}; correct `{what}s` of `{entry.name}`"
                    )

    def _open(self, provider: str, threads: int) -> _Session:
        ort = runtime()
        if provider not in PROVIDERS:
            raise BadInput(f"no provider is called {provider!r}; there are {', '.join(PROVIDERS)}")
        if not self.path.is_file():
            raise ModelMissing(f"no file {self.path} for model `{self.name}`; run `liveaffect models pull`")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4  # what matters is raised or stands in `notice`
        wanted = PROVIDERS[provider]
        choice: list[Any] = [(wanted, _OPTIONS.get(provider, {}))] if wanted in ort.get_available_providers() else []
        choice += ["CPUExecutionProvider"] if provider != "cpu" or not choice else []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # its fall-back warning; `notice` says it
                return ort.InferenceSession(str(self.path), options, providers=choice)
        except Exception as error:  # the runtime's own exceptions share no base below this
            raise ModelBroken(
                f"{self.path} cannot be opened as an ONNX model (`{self.name}`): {_reason(error)}; "
                f"is it whole? `liveaffect models info {self.name}` says what it should be"
            ) from error

    def _check_provider(self, provider: str) -> None:
        wanted = PROVIDERS[provider]
        if self.providers and self.providers[0] == wanted:
            return
        available = runtime().get_available_providers()
        why = (
            "the provider did not start: its driver or libraries are missing or do not match"
            if wanted in available
            else f"this onnxruntime has only {', '.join(available)}; `liveaffect[gpu]` brings CUDA"
        )
        self.notice = f"model `{self.name}` runs on {self.providers[0]}, not on {wanted} as asked: {why}"
        _log.warning(self.notice)

    def _zeros(self) -> dict[str, Array] | None:
        if any(size < 0 for tensor in self.inputs for size in tensor.shape[1:]):
            return None
        return {t.name: np.zeros([abs(size) for size in t.shape], dtype=t.dtype) for t in self.inputs}


def runtime() -> Any:
    """The onnxruntime module, its usage reports off. Raises RuntimeMissing naming both extras.

    From version 1.29 its builds for Linux and macOS report to their maker and leave a device id in the user's cache,
    unless the variable is set before the module is loaded (its Privacy.md); `disable_telemetry_events` alone is too
    late for the first report, and is what the Windows build listens to. No other file may import onnxruntime.
    """
    if "onnxruntime" in sys.modules and os.environ.get(_QUIET) != "1":
        _log.warning("onnxruntime was loaded before liveaffect: set %s=1 first, or it reports to its maker", _QUIET)
    os.environ[_QUIET] = "1"
    try:
        import onnxruntime  # pyright: ignore[reportMissingTypeStubs]
    except ImportError as error:
        raise RuntimeMissing(
            "onnxruntime is not installed; install `liveaffect[cpu]`, or `liveaffect[gpu]` for an NVIDIA GPU"
        ) from error
    library: Any = onnxruntime
    library.disable_telemetry_events()
    return library


def _tensor(node: _Argument) -> Tensor:
    shape = tuple(size if isinstance(size, int) else -1 for size in node.shape)
    return Tensor(name=node.name, shape=shape, dtype=_DTYPES.get(node.type, node.type))


def _fits(declared: Sequence[int], real: Sequence[int]) -> bool:
    return len(declared) == len(real) and all(d == r or -1 in (d, r) for d, r in zip(declared, real, strict=True))


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
