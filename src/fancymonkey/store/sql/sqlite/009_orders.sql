-- Paid holds on their way to the buyer.
CREATE TABLE shop_order (
    order_id TEXT PRIMARY KEY NOT NULL,
    number INTEGER NOT NULL,
    ordered_at INTEGER NOT NULL,
    payment_id TEXT,
    intent TEXT,
    total INTEGER,
    currency TEXT NOT NULL,
    on_shipment INTEGER NOT NULL,
    late INTEGER NOT NULL,
    lines TEXT NOT NULL,
    parts TEXT NOT NULL,
    units TEXT NOT NULL,
    shipments TEXT NOT NULL,
    history TEXT NOT NULL,
    locations TEXT NOT NULL,
    revision INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The personal data of an order, in a table of its own so that it can be erased alone.
CREATE TABLE order_buyer (
    order_id TEXT PRIMARY KEY NOT NULL,
    stored_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT NOT NULL,
    line1 TEXT NOT NULL,
    line2 TEXT NOT NULL,
    city TEXT NOT NULL,
    state TEXT NOT NULL,
    postal_code TEXT NOT NULL,
    country TEXT NOT NULL,
    erased_at INTEGER
) STRICT, WITHOUT ROWID;
