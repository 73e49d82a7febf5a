"""The spelling of catalogue keys: one key in every Unicode form, and no two keys that look alike.

Keys are kept in one form (NFC). A key that was stored in another form, before there was a rule, is
found by either form.
"""

from collections.abc import Iterable, Mapping

from fancymonkey.core.keys import key_fault, name_fault, normal_form, skeleton
from fancymonkey.core.model import sku_of
from fancymonkey.engine.engine import Engine
from fancymonkey.web.http.messages import Problem


class Spelling:
    """The keys of a shop's catalogue, for lookup."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._size = (-1, -1)
        self._odd: dict[str, str] = {}
        self._looks: dict[str, str] = {}
        self._known: set[str] = set()

    def product(self, text: str) -> str:
        """The stored id of a product."""
        return text if text.isascii() else self._kept(text, self._engine.view.products)

    def sku(self, product_id: str, size: str) -> str:
        """The stored key of a size."""
        return self.key(sku_of(product_id, size))

    def key(self, sku: str) -> str:
        """The same for the key as a whole."""
        return sku if sku.isascii() else self._kept(sku, self._engine.view.items)

    def _kept(self, text: str, there: Mapping[str, object]) -> str:
        form = normal_form(text)
        if text in there or form in there:
            return text if text in there else form
        odd = self._odd_keys().get(form)
        return odd if odd is not None and odd in there else form

    def _odd_keys(self) -> dict[str, str]:
        """Keys that are not in the normal form, by their normal form."""
        view = self._engine.view
        size = len(view.products), len(view.items)
        if size != self._size:  # keys are only ever added
            keys = [key for key in (*view.products, *view.items) if not key.isascii()]
            self._odd = {normal_form(key): key for key in keys if normal_form(key) != key}
            self._size = size
        return self._odd

    def new_product(self, text: str) -> str:
        """The id of a new product. Raises Problem 409, 422."""
        id_ = new_key("productId", self.product(text))
        view = self._engine.view
        if id_ in view.products:
            return id_  # the core reports that it already exists
        for known in view.products.keys() - self._known:
            self._looks.setdefault(skeleton(known), known)
            self._known.add(known)
        alike = self._looks.get(skeleton(id_))
        if alike is not None and alike in view.products:
            raise _alike("productId", id_, "product", alike)
        return id_


def new_key(field: str, text: str) -> str:
    """A new key in the normal form. Raises Problem 422 with the reason."""
    form = normal_form(text)
    fault = key_fault(form)
    if fault is not None:
        raise Problem(422, "invalid_request", f"{field} is not valid. {fault}", field=field)
    return form


def new_name(field: str, text: str) -> str:
    """The same for display texts."""
    form = normal_form(text)
    fault = name_fault(form)
    if fault is not None:
        raise Problem(422, "invalid_request", f"{field} is not valid. {fault}", field=field)
    return form


def new_size(text: str, others: Iterable[str]) -> str:
    """A new size of a product with these sizes. Raises Problem 409, 422."""
    size = new_key("size", text)
    look = skeleton(size)
    for other in others:
        if other != size and skeleton(other) == look:
            raise _alike("size", size, "size", other)
    return size


def _alike(field: str, text: str, what: str, existing: str) -> Problem:
    return Problem(
        409,
        "already_there",
        f"{text} looks like the existing {what} {existing}. Use that one, or choose a different "
        f"text.",
        field=field,
        existing=existing,
    )
