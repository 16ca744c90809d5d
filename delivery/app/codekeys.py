"""Code keys on their way from the main site to a partner: one small file that only that site can open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from delivery.app.sync import sync_keys
from delivery.errors import N_, BadInput, Refused
from delivery.store.codekeys import CodeKeyRing
from delivery.store.files import write_whole
from delivery.store.sealing import CannotOpen, open_box, seal_to

if TYPE_CHECKING:
    from delivery.app.core import App

_MAGIC = b"TUXAKEYS1\n"
_CONTEXT = "code keys"
_MOST = 1 << 16


def ring_of(app: App) -> CodeKeyRing:
    """The code keys of a home."""
    return CodeKeyRing(app.settings.keys_dir, app.clock, app.ids)


def require_main(app: App) -> None:
    """Keys are made in one place, so that no two sites sign with other keys under the same id."""
    main = sync_keys(app).main()
    if main is not None:
        raise Refused(
            N_("The code keys are kept by the main site, {main}."),
            do=N_("Have it done there, and bring the file here: tuxa packets keys import FILE."),
            main=main.site,
        )


def export_keys(app: App, file: Path, *, site: str) -> None:
    """Write the code keys for `site`. Raises NotFound for a site that is not in sync with this one."""
    require_main(app)
    known = sync_keys(app).site(site)
    document = orjson.dumps({"from": app.settings.site, "to": site, "codes": ring_of(app).shared()})
    signed = app.keys.signing.sign(_CONTEXT.encode() + document)
    box = seal_to(bytes.fromhex(known.sealing), signed + document, context=_CONTEXT, ids=app.ids)
    write_whole(file, _MAGIC + box, mode=0o600)


def import_keys(app: App, file: Path) -> None:
    """Take over the code keys that the main site wrote for this one. Raises BadInput or CannotOpen."""
    keys = sync_keys(app)
    main = keys.main()
    if main is None:
        raise Refused(
            N_("This site joined no other, so its code keys are its own."),
            do=N_("Join the main site first: tuxa sync join INVITATION."),
        )
    try:
        data = file.read_bytes()[:_MOST]
    except OSError as error:
        raise BadInput(
            N_("{file} cannot be read: {reason}"),
            do=N_("Check the name, and whether the stick is plugged in."),
            file=str(file),
            reason=error.strerror or str(error),
        ) from error
    if not data.startswith(_MAGIC):
        raise _foreign(file)
    try:
        plain = open_box(keys.own().sealing, data[len(_MAGIC) :], context=_CONTEXT)
        signed, document = plain[:64], plain[64:]
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(main.signing))
        public.verify(signed, _CONTEXT.encode() + document)
        told: dict[str, Any] = orjson.loads(document)
    except (CannotOpen, InvalidSignature, ValueError) as error:
        raise _foreign(file) from error
    if told["to"] != app.settings.site:
        raise _foreign(file)
    ring_of(app).take_over(told["codes"])


def _foreign(file: Path) -> BadInput:
    return BadInput(
        N_("{file} holds no code keys of the main site for this one, or was altered."),
        do=N_("Have the main site write it again: tuxa packets keys export FILE --for SITE."),
        file=file.name,
    )
