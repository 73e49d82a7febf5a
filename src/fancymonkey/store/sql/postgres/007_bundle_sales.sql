-- How many bundles of a size live holds have, and how many were sold.
CREATE TABLE bundle_sales (
    sku text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    held bigint NOT NULL,
    sold bigint NOT NULL
);
