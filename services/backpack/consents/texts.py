"""What a learner agrees to, word for word. A text that was used is never changed: a new one gets a new version."""

from typing import Final

SHARE: Final = "share"
PUBLISH: Final = "publish"

CURRENT: Final = {SHARE: "share-1", PUBLISH: "publish-1"}
"""The version shown now, by purpose."""

TEXTS: Final = {
    "share-1": (
        "I show these badges, with everything they say, to whoever has the link, until I close it or it expires. "
        "How often it is looked at is counted, not by whom."
    ),
    "publish-1": (
        "I publish these badges, with everything they say, for everybody, search engines included, until I close the "
        "page. How often it is looked at is counted, not by whom. Copies others made stay."
    ),
}
"""Every text there was, by version."""
