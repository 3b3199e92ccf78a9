"""A simulated `org.bluez` on a private D-Bus, so that a production BlueZ client runs unmodified and without a radio.

`stack` starts a private dbus-daemon and, as a process of its own, the simulated bluetoothd (`daemon`). The air between
adapter and peripherals (`air`) lives in the simulator's process, like the peripherals: a bluetoothd that is killed
loses its D-Bus name and its links, as a real one does, while the dock goes on living.
"""
