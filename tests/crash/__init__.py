"""The real server under load: crowds, kills, real sales. Longer with CRASH_KILLS and CRASH_FILE."""
