"""Optimizers and learning-rate schedules. Names as in torch.optim."""

from . import lr_scheduler
from .algorithms import SGD, Adadelta, Adagrad, Adam, AdamW, RMSprop
from .optimizer import Optimizer
