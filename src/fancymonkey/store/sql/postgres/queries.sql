-- Lists of keys come as arrays.

-- name: begin
-- One round trip opens a batch's transaction and takes the only lock, so that the batches of all
-- servers run one after the other. Later statements read with a new snapshot, so they see the
-- commit of the batch before. All settings end with the transaction (a pooler may reuse the
-- connection). The plans must not depend on statistics: a table that was empty when a plan was made
-- may have a million rows now, so every plan goes through the indexes, and is made once.
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = '10s';
SET LOCAL statement_timeout = '60s';
SET LOCAL idle_in_transaction_session_timeout = '30s';
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL jit = off;
SELECT revision FROM head FOR UPDATE;

-- name: products_by_id
SELECT {product} FROM product WHERE product_id = ANY ($1::text[]);

-- name: items_of_products
SELECT {item} FROM item WHERE product_id = ANY ($1::text[]);

-- name: server
SELECT
    current_setting('server_version_num')::int AS version,
    current_setting('server_version') AS version_text,
    current_setting('server_encoding') AS encoding,
    pg_is_in_recovery() AS standby,
    current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit,
    pg_backend_pid() AS pid,
    (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS database,
    extract(epoch FROM pg_postmaster_start_time())::text AS started;

-- name: live_holds
SELECT {reservation} FROM reservation WHERE status = 'held';

-- name: fold
-- The links of a hold are found by their ids: the table has no index by hold.
WITH folded AS (
    SELECT reservation_id, session_id FROM reservation
    WHERE reservation_id > $1 AND status IN ('released', 'expired') AND payment_id IS NULL
        AND ended_at < $2
    ORDER BY reservation_id LIMIT $3 FOR UPDATE
), checkouts AS (
    DELETE FROM checkout USING folded WHERE checkout.reservation_id = folded.reservation_id
    RETURNING checkout.reservation_id, checkout.payment_session AS session_id
), links AS (
    SELECT reservation_id, session_id FROM folded
    UNION SELECT reservation_id, session_id FROM checkouts WHERE session_id IS NOT NULL
), sessions AS (
    DELETE FROM session USING links
    WHERE session.session_id = links.session_id AND session.reservation_id = links.reservation_id
)
DELETE FROM reservation USING folded WHERE reservation.reservation_id = folded.reservation_id
RETURNING reservation.reservation_id;

-- name: others
SELECT DISTINCT application_name AS name FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'fancymonkey server %'
    AND application_name <> $1 ORDER BY 1;

-- name: clock
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint;

-- name: guards
SELECT conname FROM pg_constraint
WHERE conrelid = 'level'::regclass AND contype = 'c' AND convalidated;

-- name: probe
-- Checks the needs of a batch: the ledger's lock, and space for new pages. Nothing is changed.
BEGIN;
SET LOCAL lock_timeout = '1s';
SET LOCAL statement_timeout = '2s';
UPDATE head SET revision = revision;
CREATE TEMPORARY TABLE fancymonkey_probe ON COMMIT DROP AS
    SELECT number FROM generate_series(1, 20000) AS number;
COMMIT;
