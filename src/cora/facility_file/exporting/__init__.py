"""What is, as a facility file: everything is read, then it is decided what a file can say of it, then it is written."""
