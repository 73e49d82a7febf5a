"""The commands of `fancymonkey`, one file each. An operator's mistake prints one line."""
