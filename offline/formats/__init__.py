"""Results in the formats of other programs, and theirs beside ours. Each library is imported where it is asked for."""
