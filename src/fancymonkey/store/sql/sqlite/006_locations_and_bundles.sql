CREATE TABLE location (
    location_id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    country TEXT NOT NULL,
    postal_code TEXT NOT NULL,
    latitude TEXT,
    longitude TEXT,
    time_zone TEXT NOT NULL,
    priority INTEGER NOT NULL,
    sells_online INTEGER NOT NULL,
    pickup INTEGER NOT NULL,
    accepts_returns INTEGER NOT NULL,
    receives_purchases INTEGER NOT NULL,
    active INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Units that the shop does not offer, by location; the definition of a bundle, and its parts.
ALTER TABLE item ADD COLUMN safety_stock TEXT NOT NULL DEFAULT '[]';
ALTER TABLE item ADD COLUMN bundle TEXT;
ALTER TABLE item ADD COLUMN components TEXT NOT NULL DEFAULT '[]';
ALTER TABLE item ADD COLUMN groups TEXT NOT NULL DEFAULT '[]';

-- The parts of the bundles of a hold, as they were sold.
ALTER TABLE reservation ADD COLUMN parts TEXT;

-- Units that are there and not for sale are no part of the stock for sale.
DROP VIEW inventory;
CREATE VIEW inventory AS
SELECT
    item.product_id,
    item.size,
    coalesce(sum(level.on_hand), 0) AS stock,
    coalesce(sum(level.reserved), 0) AS reserved,
    item.low_stock_threshold,
    item.sold_out,
    product.restock_date,
    strftime(
        '%Y-%m-%dT%H:%M:%fZ',
        max(product.updated_at, coalesce(max(level.updated_at), 0)) / 1000.0,
        'unixepoch'
    ) AS last_updated,
    coalesce(sum(level.on_hand - level.reserved - level.allocated), 0) AS available
FROM item
JOIN product USING (product_id)
LEFT JOIN level ON level.sku = item.sku AND level.location NOT LIKE '%:%'
WHERE NOT item.archived AND NOT product.archived
GROUP BY item.sku;
