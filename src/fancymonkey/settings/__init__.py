"""Settings: declared, read from the environment, checked."""
