-- Lists of keys come as arrays.

-- name: begin
-- One round trip opens a batch's transaction and takes the one lock there is, so that batches of all
-- servers come one after the other. What follows reads with a new snapshot, hence sees what the one
-- before committed. All settings end with the transaction (a pooler may hand the connection on).
-- The plans must not depend on statistics: a table that was empty when a plan was made may have a
-- million rows now, so every plan goes through the indexes, and is made once.
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT
    set_config('lock_timeout', '10s', true),
    set_config('statement_timeout', '60s', true),
    set_config('idle_in_transaction_session_timeout', '30s', true),
    set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_seqscan', 'off', true),
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true),
    set_config('jit', 'off', true),
    set_config(
        'synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), true
    );
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
    current_setting('synchronous_commit') AS synchronous_commit;
