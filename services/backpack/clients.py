"""What kind of program is asking: a word, from its own description. Nothing else about it is kept."""

from fastapi import Request

_KINDS = (
    ("verifier", ("confer",)),
    ("robot", ("bot", "crawler", "spider", "preview", "facebookexternalhit", "slurp")),
    ("phone", ("mobile", "android", "iphone", "ipad")),
    ("browser", ("mozilla", "opera")),
)


def client_kind(request: Request) -> str:
    """Verifier (one of this software's services), robot, phone, browser, or program."""
    described = request.headers.get("user-agent", "").lower()
    for kind, words in _KINDS:
        if any(word in described for word in words):
            return kind
    return "program"
