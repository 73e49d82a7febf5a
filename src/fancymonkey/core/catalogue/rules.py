"""The commands of the catalogue, each with its needs and its rule."""

from fancymonkey.core.catalogue import products
from fancymonkey.core.catalogue.answers import FieldsEdited, ProductChanged, SizeChanged
from fancymonkey.core.command import AnswerReaders, Rules

RULES: Rules = {
    products.UpsertProduct: (products.needs_catalogue, products.upsert_product),
    products.RemoveProduct: (products.needs_catalogue, products.remove_product),
    products.AddProduct: (products.needs_catalogue, products.add_product),
    products.AddItem: (products.needs_catalogue, products.add_item),
    products.EditFields: (products.needs_catalogue, products.edit_fields),
    products.RemoveItem: (products.needs_catalogue, products.remove_item),
    products.RestoreProduct: (products.needs_catalogue, products.restore_product),
}

ANSWERS: AnswerReaders = {
    products.UpsertProduct: ProductChanged.restored,
    products.RemoveProduct: ProductChanged.restored,
    products.AddProduct: ProductChanged.restored,
    products.AddItem: SizeChanged.restored,
    products.EditFields: FieldsEdited.restored,
    products.RemoveItem: SizeChanged.restored,
    products.RestoreProduct: ProductChanged.restored,
}
