"""What programs outside the graph meet: the gateway, its door, and what waits for each of them."""
