"""The real server under fire: crowds, kills, real sales. Longer with FIRE_KILLS and FIRE_FILE."""
