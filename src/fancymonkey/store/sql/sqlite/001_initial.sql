-- Rows of the core, one table a kind: the columns are the fields, in their order.
-- Texts sort by bytes, as in Python and in PostgreSQL here. STRICT: a column holds what it says.

CREATE TABLE head (
    one INTEGER PRIMARY KEY DEFAULT 1 CHECK (one = 1),
    revision INTEGER NOT NULL CHECK (revision >= 0),
    schema INTEGER NOT NULL
) STRICT;
INSERT INTO head (revision, schema) VALUES (0, 0);

CREATE TABLE product (
    product_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    price TEXT CHECK (CAST(price AS REAL) >= 0),
    position INTEGER NOT NULL,
    restock_date TEXT,
    archived INTEGER NOT NULL CHECK (archived IN (0, 1)),
    updated_at INTEGER NOT NULL,
    extra TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE item (
    sku TEXT NOT NULL PRIMARY KEY,
    product_id TEXT NOT NULL,
    size TEXT NOT NULL,
    position INTEGER NOT NULL,
    sku_id TEXT,
    price_id TEXT,
    low_stock_threshold INTEGER NOT NULL,
    sold_out INTEGER NOT NULL CHECK (sold_out IN (0, 1)),
    archived INTEGER NOT NULL CHECK (archived IN (0, 1)),
    extra TEXT NOT NULL,
    CHECK (sku = product_id || '/' || size)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_of_product ON item (product_id);

CREATE TABLE level (
    sku TEXT NOT NULL,
    location TEXT NOT NULL,
    on_hand INTEGER NOT NULL CHECK (on_hand >= 0),
    reserved INTEGER NOT NULL CHECK (reserved >= 0),
    allocated INTEGER NOT NULL CHECK (allocated >= 0),
    incoming INTEGER NOT NULL CHECK (incoming >= 0),
    backordered INTEGER NOT NULL CHECK (backordered >= 0),
    short INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (sku, location),
    CONSTRAINT never_oversold CHECK (short = max(0, reserved + allocated - on_hand))
) STRICT, WITHOUT ROWID;

CREATE TABLE reservation (
    reservation_id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('held', 'captured', 'released', 'expired')),
    lines TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    ended_at INTEGER,
    payment_id TEXT,
    late INTEGER NOT NULL CHECK (late IN (0, 1)),
    CHECK ((status = 'held') = (ended_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_due ON reservation (expires_at) WHERE status = 'held';

CREATE TABLE session (
    session_id TEXT NOT NULL PRIMARY KEY,
    reservation_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outcome (
    command_id TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL,
    at INTEGER NOT NULL,
    answer TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outcome_age ON outcome (at);

CREATE TABLE event (
    event_id TEXT NOT NULL PRIMARY KEY,
    type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    outcome TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE turned_away (
    sku TEXT NOT NULL,
    hour INTEGER NOT NULL,
    requests INTEGER NOT NULL CHECK (requests >= 0),
    units INTEGER NOT NULL CHECK (units >= 0),
    PRIMARY KEY (sku, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
    name TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    revision INTEGER PRIMARY KEY CHECK (revision > 0),
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sku TEXT NOT NULL,
    location TEXT NOT NULL,
    on_hand INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    allocated INTEGER NOT NULL,
    incoming INTEGER NOT NULL,
    backordered INTEGER NOT NULL,
    short INTEGER NOT NULL,
    on_hand_after INTEGER NOT NULL CHECK (on_hand_after >= 0),
    reserved_after INTEGER NOT NULL CHECK (reserved_after >= 0),
    reservation_id TEXT,
    until INTEGER,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    cause TEXT NOT NULL
) STRICT;
CREATE INDEX entry_of_sku ON entry (sku, revision);

-- For people with a spreadsheet: the columns that shops know, times as times.
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
LEFT JOIN level USING (sku)
WHERE NOT item.archived AND NOT product.archived
GROUP BY item.sku;
