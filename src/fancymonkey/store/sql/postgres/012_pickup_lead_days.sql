-- The days that units of other locations need to be collected there.
ALTER TABLE location ADD COLUMN pickup_lead_days bigint;
