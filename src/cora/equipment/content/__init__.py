"""What is said of a record as a whole: brought alike by the command that makes it and by the one that changes it,
such as `define_family` and `version_family`."""
