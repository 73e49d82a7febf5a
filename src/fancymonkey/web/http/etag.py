"""ETags of response bodies, and the comparison with `If-None-Match`."""

import re
import zlib

_TAG = re.compile(rb'(?:W/)?("[^"]*")')


def etag_of(revision: int, body: bytes) -> bytes:
    """The ETag of a body: the same in every process and after a restart."""
    return etag_of_sum(revision, zlib.crc32(body))


def etag_of_sum(revision: int, checksum: int) -> bytes:
    """The ETag of a body with this checksum."""
    return b'"%d-%08x"' % (revision, checksum)


def is_known(seen: bytes, tag: bytes) -> bool:
    """Whether `If-None-Match` is `*` or lists the ETag, with the weak comparison of RFC 9110.

    A header that is not valid lists nothing.
    """
    if seen in (tag, b"*"):
        return True
    tags = {part.strip(b" \t") for part in _TAG.sub(b"\0", seen).split(b",")}
    return tags <= {b"", b"\0"} and tag in _TAG.findall(seen)
