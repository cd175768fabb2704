"""Face and voice of a person over time: filter, smoother, who speaks, discord, states."""
