ALTER TABLE cursor ADD COLUMN at INTEGER;
ALTER TABLE cursor ADD COLUMN zone TEXT NOT NULL DEFAULT '';
ALTER TABLE cursor ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

ALTER TABLE turned_away ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE turned_away ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

CREATE TABLE daily_demand (
    product_id TEXT NOT NULL,
    size TEXT NOT NULL,
    location TEXT NOT NULL,
    day TEXT NOT NULL,
    sold INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    turned_away INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (product_id, size, location, day)
) STRICT, WITHOUT ROWID;
