"""From a file to rows with times and columns with meanings."""
