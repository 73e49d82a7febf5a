"""What the web and the command line do alike: imports, changes that can be undone, and undo."""
