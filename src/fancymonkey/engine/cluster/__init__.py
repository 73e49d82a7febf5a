"""Several servers on one database: one of them decides for all, as long as that helps."""
