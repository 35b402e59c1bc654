"""Status lists that were proven once: the same bytes by the same key need no second look (within one process)."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from shared.vc.keys import PublicKey
from shared.vc.status import StatusBits

from .case import Case


@dataclass(frozen=True, slots=True)
class ProvenList:
    """A list whose signature held: as read, unpacked, and the key (at this verification method) that signed it.

    Whether that key is still its issuer's, and the list's period, are looked at each time.
    """

    listing: Case
    bits: StatusBits
    method: str
    key: PublicKey


class ProvenLists:
    """A bounded memory of proven lists, by the SHA-256 of their bytes; the one used longest ago goes first.

    May be shared by threads. It never makes a list valid: what is in it was verified, and what is not is verified.
    """

    def __init__(self, *, most: int = 1000, most_bytes: int = 64 * 1024 * 1024) -> None:
        """`most` lists, of `most_bytes` of unpacked bits together."""
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._lists: OrderedDict[bytes, ProvenList] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._lists)

    def get(self, digest: bytes) -> ProvenList | None:
        with self._lock:
            found = self._lists.get(digest)
            if found is not None:
                self._lists.move_to_end(digest)
            return found

    def put(self, digest: bytes, proven: ProvenList) -> None:
        with self._lock:
            if digest in self._lists:
                return
            self._lists[digest] = proven
            self._bytes += _size(proven)
            while self._lists and (len(self._lists) > self._most or self._bytes > self._most_bytes):
                _, oldest = self._lists.popitem(last=False)
                self._bytes -= _size(oldest)


def _size(proven: ProvenList) -> int:
    # The encoded text stays in the listing beside the bits.
    return len(proven.bits) // 8 + len(proven.listing.text)
