"""The plan of an import: rows recognised, cells compared, commands made."""
