-- Whether the service ends the session itself, because the buyer has another basket.
ALTER TABLE checkout ADD COLUMN replaced boolean NOT NULL DEFAULT false;
