"""The commands of documents, each with its needs and its rule."""

from fancymonkey.core.command import Rules
from fancymonkey.core.documents import put

RULES: Rules = {
    put.PutDocuments: (put.needs_put_documents, put.put_documents),
}
