ALTER TABLE cursor ADD COLUMN at bigint;
ALTER TABLE cursor ADD COLUMN zone text NOT NULL DEFAULT '';
ALTER TABLE cursor ADD COLUMN generation bigint NOT NULL DEFAULT 0;

ALTER TABLE turned_away ADD COLUMN counted bigint NOT NULL DEFAULT 0;
ALTER TABLE turned_away ADD COLUMN generation bigint NOT NULL DEFAULT 0;

CREATE TABLE daily_demand (
    product_id text COLLATE "C" NOT NULL,
    size text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    day text COLLATE "C" NOT NULL,
    sold bigint NOT NULL,
    returned bigint NOT NULL,
    turned_away bigint NOT NULL,
    generation bigint NOT NULL,
    PRIMARY KEY (product_id, size, location, day)
);
