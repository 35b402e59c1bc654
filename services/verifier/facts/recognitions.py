"""Who vouches for an issuer: asked as `confer verify` asks it too, so how stands in `shared`."""

from shared.http.recognitions import Recognitions

__all__ = ["Recognitions"]
