"""Commands for products, bundles and tables of them."""
