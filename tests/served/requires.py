"""Prints what a distribution requires, one per line, less the parts of torch and what a CPU server can do without."""

import sys
from importlib.metadata import requires

LEFT_OUT = ("torch", "torchvision", "torchaudio", "torchcodec", "opencv", "opentelemetry")

for line in requires(sys.argv[1]) or ():
    if "extra ==" not in line and not line.lower().startswith(LEFT_OUT):
        print(line)
