"""What several methods are made of: plain networks and their training, columns, drop-transfer, bases, features, single
tasks, CapNorm, AdaRad, one head for all classes, what is kept per task."""
