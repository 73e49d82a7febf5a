"""The commands of `fancymonkey`, one file each; an operator's error ends as one line."""
