-- Whether the service ends the session itself, because the buyer has another basket.
ALTER TABLE checkout ADD COLUMN replaced INTEGER NOT NULL DEFAULT 0 CHECK (replaced IN (0, 1));
