"""Face and voice of a person over time: filter, smoother, what is told, who speaks, discord, states."""
