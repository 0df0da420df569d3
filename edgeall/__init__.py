"""edgeall reads blood smears at the microscope: the device half.

Importing this package loads nothing else; each stage of a frame's way is a
subpackage (``camera``, ``field``, ``cells``, ``model``, ``slide``, ``store``).
"""

__version__ = "0.1.0"
