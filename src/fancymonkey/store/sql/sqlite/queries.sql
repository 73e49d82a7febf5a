-- Lists of keys come as one JSON array.

-- name: products_by_id
SELECT {product} FROM product WHERE product_id IN (SELECT value FROM json_each($1));

-- name: items_of_products
SELECT {item} FROM item WHERE product_id IN (SELECT value FROM json_each($1));

-- name: levels_of
SELECT {level} FROM level WHERE sku IN (SELECT value FROM json_each($1));

-- name: due
SELECT {reservation} FROM reservation WHERE status = 'held' AND expires_at <= $1;

-- name: live_holds
-- Only few of all holds are live, which the planner cannot know.
SELECT {reservation} FROM reservation INDEXED BY reservation_due WHERE status = 'held';

-- name: holds_of
SELECT {reservation} FROM reservation INDEXED BY reservation_due
WHERE status = 'held' AND EXISTS (
    SELECT 1 FROM json_each(reservation.allocations) AS units
    WHERE units.value ->> 0 IN (SELECT value FROM json_each($1))
);

-- name: foldable
SELECT reservation_id FROM reservation
WHERE reservation_id > $1 AND status IN ('released', 'expired') AND payment_id IS NULL
    AND ended_at < $2
ORDER BY reservation_id LIMIT $3;

-- name: fold_sessions
-- The ids of a hold are looked up: the table has no index by hold.
DELETE FROM session WHERE reservation_id IN (SELECT value FROM json_each($1)) AND session_id IN (
    SELECT session_id FROM reservation WHERE reservation_id IN (SELECT value FROM json_each($1))
    UNION SELECT payment_session FROM checkout
    WHERE reservation_id IN (SELECT value FROM json_each($1)) AND payment_session IS NOT NULL
);

-- name: fold_checkouts
DELETE FROM checkout WHERE reservation_id IN (SELECT value FROM json_each($1));

-- name: fold_holds
DELETE FROM reservation WHERE reservation_id IN (SELECT value FROM json_each($1));

-- name: set_head
UPDATE head SET revision = $1;

-- name: guards
SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'level';
