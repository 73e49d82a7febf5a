CREATE TABLE location (
    location_id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    address text NOT NULL,
    country text NOT NULL,
    postal_code text NOT NULL,
    latitude text,
    longitude text,
    time_zone text NOT NULL,
    priority bigint NOT NULL,
    sells_online boolean NOT NULL,
    pickup boolean NOT NULL,
    accepts_returns boolean NOT NULL,
    receives_purchases boolean NOT NULL,
    active boolean NOT NULL,
    updated_at bigint NOT NULL
);

-- Units that the shop does not offer, by location; the definition of a bundle, and its parts.
ALTER TABLE item ADD COLUMN safety_stock text NOT NULL DEFAULT '[]';
ALTER TABLE item ADD COLUMN bundle text;
ALTER TABLE item ADD COLUMN components text NOT NULL DEFAULT '[]';
ALTER TABLE item ADD COLUMN groups text NOT NULL DEFAULT '[]';

-- The parts of the bundles of a hold, as they were sold.
ALTER TABLE reservation ADD COLUMN parts text;

-- Units that are there and not for sale are no part of the stock for sale.
DROP VIEW inventory;
CREATE VIEW inventory AS
SELECT
    item.product_id,
    item.size,
    coalesce(sum(level.on_hand), 0)::bigint AS stock,
    coalesce(sum(level.reserved), 0)::bigint AS reserved,
    item.low_stock_threshold,
    item.sold_out,
    product.restock_date,
    to_timestamp(greatest(product.updated_at, max(level.updated_at)) / 1000.0) AS last_updated,
    coalesce(sum(level.on_hand - level.reserved - level.allocated), 0)::bigint AS available
FROM item
JOIN product USING (product_id)
LEFT JOIN level ON level.sku = item.sku AND level.location NOT LIKE '%:%'
WHERE NOT item.archived AND NOT product.archived
GROUP BY item.sku, product.product_id;
