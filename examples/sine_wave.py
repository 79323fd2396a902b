"""Draw one period of a sine wave into a PNG file."""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

x = np.linspace(0, 2 * np.pi, 200)
target = Path(sys.argv[1] if len(sys.argv) > 1 else "sine_wave.png")

figure, axes = plt.subplots(figsize=(8, 4))
axes.plot(x, np.sin(x))
axes.set(title="Sine wave", xlabel="x", ylabel="sin(x)")
axes.grid(visible=True)
figure.savefig(target)
print(f"plot saved to {target}")
