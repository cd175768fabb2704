"""A distribution over categories in words: compound emotions, and the set that holds what raters would say."""
