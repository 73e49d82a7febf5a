-- Rows of the core, one table a kind: the columns are the fields, in their order.
-- Text keys sort by bytes (COLLATE "C"): the same order in Python, in SQLite and on every server.
-- Rows that change with every sale leave room on their page, so that a new version stays there (HOT).

CREATE TABLE head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision bigint NOT NULL CHECK (revision >= 0),
    schema bigint NOT NULL
) WITH (fillfactor = 10);
COMMENT ON TABLE head IS
    'The number of the latest entry and of the latest migration. Its row is the lock of every writer.';
INSERT INTO head (revision, schema) VALUES (0, 0);

CREATE TABLE product (
    product_id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    category text NOT NULL,
    price text CHECK (price::numeric >= 0),
    position bigint NOT NULL,
    restock_date text,
    archived boolean NOT NULL,
    updated_at bigint NOT NULL,
    extra text NOT NULL
);

CREATE TABLE item (
    sku text COLLATE "C" PRIMARY KEY,
    product_id text COLLATE "C" NOT NULL,
    size text NOT NULL,
    position bigint NOT NULL,
    sku_id text,
    price_id text,
    low_stock_threshold bigint NOT NULL,
    sold_out boolean NOT NULL,
    archived boolean NOT NULL,
    extra text NOT NULL,
    CHECK (sku = product_id || '/' || size)
);
CREATE INDEX item_of_product ON item (product_id);

CREATE TABLE level (
    sku text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    on_hand bigint NOT NULL CHECK (on_hand >= 0),
    reserved bigint NOT NULL CHECK (reserved >= 0),
    allocated bigint NOT NULL CHECK (allocated >= 0),
    incoming bigint NOT NULL CHECK (incoming >= 0),
    backordered bigint NOT NULL CHECK (backordered >= 0),
    short bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (sku, location),
    CONSTRAINT never_oversold CHECK (short = greatest(0, reserved + allocated - on_hand))
) WITH (fillfactor = 50);

CREATE TABLE reservation (
    reservation_id text COLLATE "C" PRIMARY KEY,
    session_id text COLLATE "C" NOT NULL,
    status text NOT NULL CHECK (status IN ('held', 'captured', 'released', 'expired')),
    lines text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    ended_at bigint,
    payment_id text,
    late boolean NOT NULL,
    CHECK ((status = 'held') = (ended_at IS NULL))
);
CREATE INDEX reservation_due ON reservation (expires_at) WHERE status = 'held';

CREATE TABLE session (
    session_id text COLLATE "C" PRIMARY KEY,
    reservation_id text COLLATE "C" NOT NULL
);

CREATE TABLE outcome (
    command_id text COLLATE "C" PRIMARY KEY,
    digest text NOT NULL,
    at bigint NOT NULL,
    answer text NOT NULL
);
CREATE INDEX outcome_age ON outcome (at);

CREATE TABLE event (
    event_id text COLLATE "C" PRIMARY KEY,
    type text NOT NULL,
    object_id text NOT NULL,
    received_at bigint NOT NULL,
    outcome text NOT NULL
);

CREATE TABLE turned_away (
    sku text COLLATE "C" NOT NULL,
    hour bigint NOT NULL,
    requests bigint NOT NULL CHECK (requests >= 0),
    units bigint NOT NULL CHECK (units >= 0),
    PRIMARY KEY (sku, hour)
);

CREATE TABLE cursor (
    name text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision >= 0)
) WITH (fillfactor = 50);

CREATE TABLE entry (
    revision bigint PRIMARY KEY CHECK (revision > 0),
    at bigint NOT NULL,
    kind text NOT NULL,
    sku text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    on_hand bigint NOT NULL,
    reserved bigint NOT NULL,
    allocated bigint NOT NULL,
    incoming bigint NOT NULL,
    backordered bigint NOT NULL,
    short bigint NOT NULL,
    on_hand_after bigint NOT NULL CHECK (on_hand_after >= 0),
    reserved_after bigint NOT NULL CHECK (reserved_after >= 0),
    reservation_id text,
    until bigint,
    actor text NOT NULL,
    reason text NOT NULL,
    cause text NOT NULL
);
CREATE INDEX entry_of_sku ON entry (sku, revision);

-- For people with a spreadsheet: the columns that shops know, times as times.
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
LEFT JOIN level USING (sku)
WHERE NOT item.archived AND NOT product.archived
GROUP BY item.sku, product.product_id;
