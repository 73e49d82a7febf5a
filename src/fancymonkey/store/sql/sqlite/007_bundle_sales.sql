-- How many bundles of a size live holds have, and how many were sold.
CREATE TABLE bundle_sales (
    sku TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    held INTEGER NOT NULL,
    sold INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
