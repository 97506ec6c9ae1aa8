"""The kinds that a text can be of, where notes and questions must agree on them."""

# What a note can ask for.
WISHES = frozenset({"reserve", "no_grid_charge", "no_export", "guests", "extra_load", "away", "car_ready"})
# What a note can be that asks for nothing.
NO_WISHES = frozenset({"remark", "denied", "past", "conditional", "elsewhere"})
