"""What a recorded lesson is worth, from its decoded files and the simulator's truth."""
