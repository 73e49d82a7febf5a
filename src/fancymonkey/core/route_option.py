"""A way to serve a hold, as the hold keeps it: flat, for the codecs of the stores."""

from functools import lru_cache

from fancymonkey.core.immutable import dataclass


@dataclass(frozen=True, slots=True)
class RouteOption:
    """The locations of one way to serve a hold, joined by spaces, and its distance.

    `km` is rounded to whole kilometres, so that it does not show an address; None: not known.
    Only the option that was chosen has `because`: its reasons, one a line.
    """

    locations: str
    km: int | None = None
    because: str = ""

    @property
    def ids(self) -> list[str]:
        """The ids of the locations: each of them sends a parcel."""
        return self.locations.split()


@lru_cache(maxsize=1024)
def shared_option(locations: str, km: int | None, because: str) -> RouteOption:
    """The option with these values. Holds share equal ones: a shop has few different options."""
    return RouteOption(locations, km, because)
