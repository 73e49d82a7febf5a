"""What is done at set times: by one process among all, each run kept with what came of it."""
