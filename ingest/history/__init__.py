"""Where past days come from: files, recorded homes, market prices."""
