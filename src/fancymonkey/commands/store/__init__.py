"""Commands for whole stores: backup, restore, migration, verification."""
