"""Planning under uncertainty: slot costs, cost-to-go, levels, the linear programme and the bound."""
