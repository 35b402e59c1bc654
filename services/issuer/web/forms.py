"""The forms in which a credential's address answers: the badge as it was signed, baked, in an envelope, or as a page."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final, Literal

from services.issuer.achievements.images import PNG, SVG
from services.issuer.awards.store import Award
from services.issuer.keys import proofs
from services.issuer.keys.formats import JSON_LD, JWT, Format, format_named
from services.issuer.web.pictures import Pictures
from shared.vc import strict_json
from shared.vc.baking import bake_png, bake_svg
from shared.vc.contexts import CREDENTIALS_V2, ContextStore

HTML: Final = "text/html"
JSON_TYPES: Final = (JSON_LD, "application/vc+ld+json", "application/ld+json", "application/json")
JWT_TYPES: Final = (JWT, "application/jwt", "text/plain")
ALL: Final = (*JSON_TYPES, *JWT_TYPES, PNG, SVG, HTML)

Named = Literal["json", "jwt", "png", "svg", "html"]
MEDIA_TYPES: Final[dict[Named, str]] = {"json": JSON_LD, "jwt": JWT, "png": PNG, "svg": SVG, "html": HTML}
"""The short names in links."""

_IN_WORDS: Final = {
    "eddsa-rdfc-2022": "JSON-LD with a proof inside (eddsa-rdfc-2022)",
    "ecdsa-sd-2023": "JSON-LD of which the holder chooses what to show (ecdsa-sd-2023)",
    "jwt-rs256": "JWT (RS256)",
    "jwt-es256": "JWT (ES256)",
}


def offered(form: Format) -> tuple[str, ...]:
    """The media types that a badge of this format can be had in, best first."""
    first = (*JWT_TYPES, *JSON_TYPES) if form.is_jwt else JSON_TYPES
    return (*first, PNG, SVG, HTML)


@dataclass(frozen=True)
class Badge:
    """A credential as one reader may have it."""

    form: Format
    text: bytes
    partial: bool
    """Whether its holder has more of it than is shown here."""

    @property
    def secret(self) -> bool:
        """Whether it is a base proof, which no cache may keep for others."""
        return self.form.is_selective and not self.partial

    def document(self) -> dict[str, Any]:
        """What it says."""
        return proofs.document_of(self.text, self.form)

    @property
    def in_words(self) -> str:
        return _IN_WORDS[self.form.name]

    async def as_type(self, media_type: str, pictures: Pictures) -> bytes:
        """The representation of one of the offered media types, pages aside."""
        if media_type == PNG:
            return bake_png(await pictures.of_type(PNG), self.text.decode())
        if media_type == SVG:
            return bake_svg(await pictures.of_type(SVG), self.text.decode())
        if self.form.is_jwt and media_type in JSON_TYPES:
            return _enveloped(self.text)
        return self.text


async def badge_for(award: Award, body: bytes, contexts: ContextStore, *, issuer: bool) -> Badge:
    """The badge for its issuer, or for everyone: base proofs are for holders, to whom the issuer hands them (vc-di-ecdsa,
    3.4), so everyone else gets what is derived of one.
    """
    form = format_named(award.proof_format)
    if issuer or not form.is_selective:
        return Badge(form, body, partial=False)
    view = await asyncio.to_thread(proofs.public_view, body, form, contexts)
    return Badge(form, view, partial=True)


def _enveloped(token: bytes) -> bytes:
    """A JWT for who wants JSON-LD: in its envelope (VCDM 2.0, 4.13.1), never as JSON without its signature."""
    return strict_json.dumps(
        {
            "@context": CREDENTIALS_V2,
            "id": f"data:{JWT},{token.decode()}",
            "type": "EnvelopedVerifiableCredential",
        }
    )
