-- Paid holds on their way to the buyer.
CREATE TABLE shop_order (
    order_id text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL,
    ordered_at bigint NOT NULL,
    payment_id text,
    intent text,
    total bigint,
    currency text NOT NULL,
    on_shipment boolean NOT NULL,
    late boolean NOT NULL,
    lines text NOT NULL,
    parts text NOT NULL,
    units text NOT NULL,
    shipments text NOT NULL,
    history text NOT NULL,
    locations text NOT NULL,
    revision bigint NOT NULL
);

-- The personal data of an order, in a table of its own so that it can be erased alone.
CREATE TABLE order_buyer (
    order_id text COLLATE "C" PRIMARY KEY,
    stored_at bigint NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    phone text NOT NULL,
    line1 text NOT NULL,
    line2 text NOT NULL,
    city text NOT NULL,
    state text NOT NULL,
    postal_code text NOT NULL,
    country text NOT NULL,
    erased_at bigint
);
