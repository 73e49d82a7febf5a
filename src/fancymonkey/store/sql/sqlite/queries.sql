-- Lists of keys come as one JSON array.

-- name: products_by_id
SELECT {product} FROM product WHERE product_id IN (SELECT value FROM json_each($1));

-- name: items_of_products
SELECT {item} FROM item WHERE product_id IN (SELECT value FROM json_each($1));

-- name: levels_of
-- CROSS JOIN: go through the SKUs and look up the levels of each.
SELECT row.sku, row.location, row.on_hand, row.reserved, row.allocated, row.incoming,
    row.backordered, row.short, row.updated_at
FROM json_each($1) AS wanted CROSS JOIN level AS row ON row.sku = wanted.value;

-- name: due
SELECT {reservation} FROM reservation WHERE status = 'held' AND expires_at <= $1;

-- name: live_holds
-- There are few of them among all that ever were, which the planner cannot know.
SELECT {reservation} FROM reservation INDEXED BY reservation_due WHERE status = 'held';

-- name: holds_of
SELECT {reservation} FROM reservation INDEXED BY reservation_due
WHERE status = 'held' AND EXISTS (
    SELECT 1 FROM json_each(reservation.lines) AS line
    WHERE line.value ->> 0 IN (SELECT value FROM json_each($1))
);

-- name: set_head
UPDATE head SET revision = $1;

-- name: guards
SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'level';
