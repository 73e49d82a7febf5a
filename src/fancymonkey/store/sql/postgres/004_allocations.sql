-- The units of a hold are its allocations: SKU, quantity, location. Its lines are kept beside them
-- only where they do not follow from the allocations.
ALTER TABLE reservation RENAME COLUMN lines TO allocations;
ALTER TABLE reservation ADD COLUMN sold_lines text;
ALTER TABLE matter RENAME COLUMN lines TO allocations;
