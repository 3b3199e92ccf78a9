"""The proof: scenarios played in virtual time, judged against truth. `followspot-sim scorecard`."""
