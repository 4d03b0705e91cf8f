"""Work units: the organisations whose Party members report in at the communities where they live."""
