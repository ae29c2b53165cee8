"""Makes a plan from facility files and from what is recorded."""
