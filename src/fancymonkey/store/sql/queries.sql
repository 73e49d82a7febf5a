-- The same in SQLite and PostgreSQL. In braces: the columns of a table.

-- name: head
SELECT revision, schema FROM head;

-- name: entries_after
SELECT {entry} FROM entry WHERE revision > $1 ORDER BY revision LIMIT $2;

-- name: history
SELECT {entry} FROM entry
WHERE sku = $1 AND revision > $2 AND at <= $3
ORDER BY revision LIMIT $4;

-- name: next_due
SELECT min(expires_at) FROM reservation WHERE status = 'held' AND expires_at IS NOT NULL;

-- name: reservation_by_id
SELECT {reservation} FROM reservation WHERE reservation_id = $1;

-- name: reservation_by_session
SELECT {reservation} FROM reservation
WHERE reservation_id = (SELECT reservation_id FROM session WHERE session_id = $1);

-- name: products
SELECT {product} FROM product;

-- name: items
SELECT {item} FROM item;

-- name: levels
SELECT {level} FROM level;

-- name: locations
SELECT {location} FROM location;

-- name: bundle_sales
SELECT {bundle_sales} FROM bundle_sales;

-- name: prune
DELETE FROM outcome
WHERE command_id IN (SELECT command_id FROM outcome WHERE at < $1 ORDER BY at LIMIT $2);

-- name: prune_documents
DELETE FROM document
WHERE (folder, name) IN (SELECT folder, name FROM document WHERE until < $1 LIMIT $2);

-- name: add_migration
INSERT INTO migration (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4);

-- name: migrations
SELECT number, name, checksum FROM migration ORDER BY number;

-- name: set_schema
UPDATE head SET schema = $1;
