"""What several methods are made of: plain networks and their training, columns, what is kept per task."""
