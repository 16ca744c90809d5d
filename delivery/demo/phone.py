"""A learner's phone, as a program: a browser without JavaScript that keeps cookies and fills in forms.

It knows nothing of the portal's code: it reads the pages that a phone would be given, and sends what they ask for.
"""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookiejar import CookieJar

from delivery.errors import N_, Refused
from delivery.ids import IdSource

TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Page:
    """What a request ended in, after redirections."""

    url: str
    status: int
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class File:
    """A file for a form."""

    field: str
    name: str
    media_type: str
    data: bytes


class Phone:
    """One learner's browser."""

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, url: str) -> Page:
        """Open a page."""
        return self._open(urllib.request.Request(url))

    def sign_in(self, page: Page, *, code: str, pin: str) -> Page:
        """Fill in the sign-in form of `page`. Raises Refused when it is not accepted."""
        signed_in = self.submit(page, {"code": code, "pin": pin})
        if signed_in.status >= 400:
            raise Refused(
                N_("The portal did not accept the sign-in (status {status})."),
                do=N_("Set a fresh PIN with “tuxa access pin STUDENT”."),
                status=signed_in.status,
            )
        return signed_in

    def submit(self, page: Page, values: Mapping[str, str], files: Sequence[File] = ()) -> Page:
        """Send the main form of `page`: its hidden fields, and what is filled in."""
        form = _Form.of(page, set(values) | {file.field for file in files})
        fields = {**form.hidden, **values}
        url = urllib.parse.urljoin(page.url, form.action or page.url)
        if files:
            body, content_type = self._multipart(fields, files)
        else:
            body, content_type = urllib.parse.urlencode(fields).encode(), "application/x-www-form-urlencoded"
        return self._open(urllib.request.Request(url, data=body, headers={"Content-Type": content_type}))

    def _multipart(self, fields: Mapping[str, str], files: Sequence[File]) -> tuple[bytes, str]:
        boundary = self._ids.random_bytes(16).hex()
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        for file in files:
            head = (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{file.field}"; filename="{file.name}"\r\n'
                f"Content-Type: {file.media_type}\r\n\r\n"
            )
            parts.append(head.encode() + file.data + b"\r\n")
        parts.append(f"--{boundary}--\r\n".encode())
        return b"".join(parts), f"multipart/form-data; boundary={boundary}"

    def _open(self, request: urllib.request.Request) -> Page:
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as answer:
                return Page(answer.geturl(), answer.status, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Page(error.geturl() or request.full_url, error.code, error.read())
        except (urllib.error.URLError, TimeoutError) as error:
            raise Refused(
                N_("The portal cannot be reached: {reason}"),
                do=N_("Is “tuxa up” running?"),
                reason=str(error),
            ) from error


class _Form(HTMLParser):
    """Finds the form of a page that has the wanted fields."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str], set[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.forms.append((found.get("action") or "", {}, set()))
        elif tag in ("input", "textarea", "button") and self.forms and found.get("name"):
            _, hidden, names = self.forms[-1]
            names.add(found["name"] or "")
            if found.get("type") == "hidden":
                hidden[found["name"] or ""] = found.get("value") or ""

    @staticmethod
    def of(page: Page, wanted: set[str]) -> _Chosen:
        parser = _Form()
        parser.feed(page.text)
        for action, hidden, names in parser.forms:
            if wanted <= names:
                return _Chosen(action, hidden)
        raise Refused(
            N_("The page {url} has no form for {fields}."),
            do=N_("Open it in a browser and see what it says."),
            url=re.sub(r"/q/.*", "/q/…", page.url),
            fields=", ".join(sorted(wanted)),
        )


@dataclass(frozen=True, slots=True)
class _Chosen:
    action: str
    hidden: dict[str, str]
