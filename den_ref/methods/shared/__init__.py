"""What several methods are made of: plain networks and their training, columns, drop-transfer, bases, features, single
tasks, an autoencoder, CapNorm, AdaRad, one head for all classes, confusion, nodes of a tree, what is kept per task."""
