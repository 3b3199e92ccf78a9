"""What is common to docks that are asked for their position and turn until they are told to stop."""
