"""The images of a published achievement, uploaded or drawn, for showing and for baking."""

import asyncio
from dataclasses import dataclass

from services.issuer.achievements import store
from services.issuer.achievements.drawing import drawn_png, drawn_svg
from services.issuer.achievements.images import PNG, SVG, as_svg
from services.issuer.achievements.store import AchievementVersion
from shared.db import ReadSession


@dataclass(frozen=True)
class Pictures:
    """What there is of a version's image."""

    name: str
    uploaded: tuple[str, bytes] | None
    """Media type and bytes."""

    @property
    def offered(self) -> tuple[str, ...]:
        """Media types it can be shown in, the best known first."""
        return (PNG, SVG) if self.uploaded is None else (self.uploaded[0],)

    async def of_type(self, media_type: str) -> bytes:
        """The image as PNG or SVG; where only the other was uploaded, an SVG around the PNG or the drawn PNG."""
        if self.uploaded is not None and self.uploaded[0] == media_type:
            return self.uploaded[1]
        if media_type == PNG:
            return await asyncio.to_thread(drawn_png, self.name)
        if self.uploaded is not None:
            return await asyncio.to_thread(as_svg, self.uploaded[1], self.name)
        return drawn_svg(self.name)


async def pictures_of(session: ReadSession, version: AchievementVersion) -> Pictures:
    if version.image is None:
        return Pictures(version.name, None)
    found = await store.image(session, version.achievement_id, version.image)
    assert found is not None  # uploaded images are never deleted
    return Pictures(version.name, (found.media_type, found.content))
