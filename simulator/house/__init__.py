"""A house at work: battery, devices, sensors and their faults."""
