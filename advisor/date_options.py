"""How days and moments are written on the command line."""

DAY = "%Y-%m-%d"
DAY_SHOWN = "YYYY-MM-DD"
MOMENTS = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
MOMENT_SHOWN = "'YYYY-MM-DD HH:MM'"
# A clock time alone is of the day that it is asked about.
CLOCK = "%H:%M"
