"""The stage of the demonstration: runs steps in order, times them, and keeps what they find out."""

import time
from collections.abc import Callable, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from shared.http.client import Client, ConnectionFailed, Response, open_client

Found = TypeVar("Found")
_PATIENCE = 30.0
"""Seconds that a step waits for something that travels through events or mail."""


class StepFailed(Exception):
    """What was seen is not what the story says; the message shows both."""


class Stage:
    """Clients for the four services, and the facts that earlier steps leave for later ones.

    `facts` is what the story knows so far: ids, tokens, documents. A step reads what it needs from there and fails, by
    name, if an earlier step did not leave it.
    """

    def __init__(self, issuer: str, backpack: str, verifier: str, directory: str, mail: Path) -> None:
        self.urls = {"issuer": issuer, "backpack": backpack, "verifier": verifier, "directory": directory}
        self.mail = mail
        self.facts: dict[str, Any] = {}
        self._console = Console(highlight=False)

    def play(self, story: "Sequence[Step]") -> bool:
        """Play every step, whether or not an earlier one failed. Returns whether all passed."""
        passed = 0
        for number, step in enumerate(story, start=1):
            begun = time.monotonic()
            try:
                note = step(self)
            except (StepFailed, ConnectionFailed, KeyError, OSError) as failure:
                outcome = (
                    f"[red]failed[/red]  {_sentence(step)}\n           {type(failure).__name__}: {failure}"
                )
            else:
                passed += 1
                outcome = f"[green]passed[/green]  {_sentence(step)}" + (f" — {note}" if note else "")
            self._console.print(
                f"{number:>3}  {1000 * (time.monotonic() - begun):>6.0f} ms  {outcome}", soft_wrap=True
            )
        self._console.print(f"demo: {passed} of {len(story)} steps passed", highlight=False)
        return passed == len(story)

    def unreachable(self) -> list[str]:
        """The services that do not answer, as `name (URL)`."""
        missing = []
        for service, url in self.urls.items():
            try:
                with self.client(service) as client:
                    client.get("/livez")
            except ConnectionFailed:
                missing.append(f"{service} ({url})")
        return missing

    def client(self, service: str, token: str | None = None) -> Client:
        return open_client(self.urls[service], token=token)

    def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        token: str | None = None,
        expect: int | tuple[int, ...] = 200,
        **request: Any,
    ) -> Response:
        """One request, whose status must be the expected one.

        Raises:
            StepFailed: showing the answer, if the status is another.
        """
        with self.client(service, token) as client:
            answer = client.request(method, path, **request)
        wanted = (expect,) if isinstance(expect, int) else expect
        if answer.status_code not in wanted:
            raise StepFailed(f"{method} {path} answered {answer.status_code}: {answer.text[:600]}")
        return answer

    def json(self, service: str, method: str, path: str, **request: Any) -> Any:
        """Like `call`, returning the parsed JSON body."""
        return self.call(service, method, path, **request).json()

    def wait_for(self, what: str, look: Callable[[], Found | None]) -> Found:
        """Look until there is something; a step that waits in vain fails, saying for what."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            found = look()
            if found is not None:
                return found
            time.sleep(0.05)  # between two looks at another process, which cannot wake this one
        raise StepFailed(f"waited {_PATIENCE:.0f} s in vain for {what}")

    def letters(self, recipient: str, containing: str) -> list[EmailMessage]:
        """The messages in the services' mail folder to this address, oldest first, whose text contains something."""
        found = []
        for path in sorted(self.mail.glob("*.eml"), key=lambda p: p.stat().st_mtime_ns):
            message = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = message.get_body(("plain",))
            if recipient in str(message["To"]) and body is not None and containing in body.get_content():
                found.append(message)
        return found


Step = Callable[[Stage], str | None]
"""One step: does it, checks it, leaves facts, and may return a few words to show. Its docstring is its sentence."""


def _sentence(step: Step) -> str:
    return (step.__doc__ or step.__name__).strip().splitlines()[0].rstrip(".")


def must(condition: object, otherwise: str) -> None:
    """Raises StepFailed with these words unless the condition holds."""
    if not condition:
        raise StepFailed(otherwise)
