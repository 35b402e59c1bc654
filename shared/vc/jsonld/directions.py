"""Base directions of texts, which RDF cannot say."""

from typing import Any

_DIRECTIONS = ("ltr", "rtl")


def without_directions(value: Any) -> Any:
    """The document with no `@direction` in its value objects (VCDM 2.0, 11.1): for checking its terms.

    A way of securing that signs RDF would lose them, and `to_quads` refuses them. One that signs the JSON itself
    (JCS, JOSE) covers them, so that only the rest has to be looked at. The value given is not changed.
    """
    if isinstance(value, dict):
        keep = "@value" not in value or value.get("@direction") not in _DIRECTIONS
        return {
            name: without_directions(each) for name, each in value.items() if keep or name != "@direction"
        }
    if isinstance(value, list):
        return [without_directions(each) for each in value]
    return value
