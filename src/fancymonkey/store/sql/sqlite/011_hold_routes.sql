-- Why the locations of a hold were chosen, and the options that were not.
ALTER TABLE reservation ADD COLUMN route TEXT;
