"""Lessons in virtual time: the production framing and vision in the simulator's room, and others in their place.

The one package that knows both sides; neither side knows it. It plays; who judges is `followspot_sim.proof`, from what
was written down, with its own geometry.
"""
