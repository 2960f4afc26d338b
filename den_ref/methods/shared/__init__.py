"""What several methods are made of: plain networks and their training, columns,
drop-transfer, what is kept per task."""
