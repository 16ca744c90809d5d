"""Spoken Vietnamese by espeak-ng, in a process of its own: the library is not re-entrant, and a crash stays outside.

``python -m delivery.broadcast.media.speech OUT.wav RATE`` speaks the text on standard input.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any, Final

from delivery.errors import N_, ToolFailed

WORDS_PER_MINUTE: Final = 165
_TIMEOUT_S: Final = 120.0

# Constants of espeak-ng's speak_lib.h.
_SYNCHRONOUS: Final = 2
_RATE: Final = 1
_BY_CHARACTER: Final = 1
_UTF8: Final = 1
_OK: Final = 0


def speak(text: str, file: Path, *, words_per_minute: int = WORDS_PER_MINUTE) -> float:
    """Speak `text` into `file` (WAV, mono); its length in seconds. The same text gives the same bytes.

    Raises ToolFailed when espeak-ng cannot.
    """
    command = [sys.executable, "-m", "delivery.broadcast.media.speech", str(file), str(words_per_minute)]
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=_TIMEOUT_S, check=False
        )
        words = done.stderr.decode(errors="replace").strip()[-300:]
        failed = done.returncode != 0 or not file.exists()
    except subprocess.TimeoutExpired:
        failed, words = True, f"{_TIMEOUT_S:.0f} s"
    if failed:
        raise ToolFailed(
            N_("espeak-ng could not speak the text: {words}"),
            do=N_("Check that the package espeakng-loader is installed for this machine."),
            words=words or "-",
        )
    with wave.open(str(file), "rb") as sound:
        return sound.getnframes() / sound.getframerate()


def _synthesize(text: str, words_per_minute: int) -> tuple[bytes, int]:
    """16-bit mono samples, and their rate in Hz."""
    import espeakng_loader

    library: Any = ctypes.CDLL(str(espeakng_loader.get_library_path()))
    data = str(espeakng_loader.get_data_path()).encode()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
    if rate <= 0:
        raise OSError("espeak_Initialize")
    pieces: list[bytes] = []
    callback_type = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(ctypes.c_int)
    )

    def take(samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            pieces.append(ctypes.string_at(samples, count * 2))
        return 0

    callback = callback_type(take)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(b"vi") != _OK:
        raise OSError("espeak_SetVoiceByName")
    library.espeak_SetParameter(_RATE, words_per_minute, 0)
    raw = text.encode() + b"\0"
    if library.espeak_Synth(raw, len(raw), 0, _BY_CHARACTER, 0, _UTF8, None, None) != _OK:
        raise OSError("espeak_Synth")
    library.espeak_Synchronize()
    return b"".join(pieces), int(rate)


def _main(out: str, words_per_minute: str) -> None:
    samples, rate = _synthesize(sys.stdin.buffer.read().decode(), int(words_per_minute))
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples)


if __name__ == "__main__":
    _main(*sys.argv[1:])
