"""The kinds that notes and questions must agree on, and the file that holds a home's own weights."""

# What a note can ask for.
WISHES = frozenset({"reserve", "no_grid_charge", "no_export", "guests", "extra_load", "away", "car_ready"})
# A wish that is told by its words alone, without what was learned.
INTO_CAR = "no_discharge_into_car"
# What a note can be that asks for nothing.
NO_WISHES = frozenset({"remark", "denied", "past", "conditional", "elsewhere"})
# What `advisor tune language` writes into a memory.
OWN_WEIGHTS = "language.npz"
