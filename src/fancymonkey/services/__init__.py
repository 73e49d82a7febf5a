"""Use cases shared by the web and the command line: imports, undoable changes, and undo."""
