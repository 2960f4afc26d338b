"""A run as one HTML page that plays it box by box."""
