"""The launcher: installs, starts, watches and stops every process of the system on one machine.

Standard library only, because it runs before anything is installed, and it never imports Django: the
programme's own processes are its children and get all they need to know by environment (`environment.py`).
"""
