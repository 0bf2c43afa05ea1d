"""What surrounds training: data in batches, and checkpoints that trade time for memory. Names as in torch.utils."""

from . import checkpoint as checkpoint
from . import data as data
