"""The commands of ``den-ref``, one file each.  Nothing is computed here: arguments become a plan that others follow."""
