"""Networks: Module and its parameters, layers, losses, initialisation. Names as in torch.nn."""

from . import functional, init, utils  # noqa: I001
from .layers import (
    ELU, GELU, SELU, AdaptiveAvgPool2d, AvgPool2d, BatchNorm1d, BatchNorm2d, BCELoss, BCEWithLogitsLoss, Conv1d, Conv2d,
    CosineSimilarity, CrossEntropyLoss, Dropout, Embedding, Flatten, Hardtanh, HuberLoss, Identity, KLDivLoss, L1Loss,
    LayerNorm, LeakyReLU, Linear, LogSigmoid, LogSoftmax, MaxPool2d, Mish, MSELoss, NLLLoss, ReLU, ReLU6, Sigmoid, SiLU,
    SmoothL1Loss, Softmax, Softplus, Softsign, Tanh, Tanhshrink, Unflatten,
)  # fmt: skip
from .containers import ModuleDict, ModuleList, Sequential
from .module import Module
from .parameter import Parameter

__all__ = [
    "ELU", "GELU", "SELU", "AdaptiveAvgPool2d", "AvgPool2d", "BCELoss", "BCEWithLogitsLoss", "BatchNorm1d",
    "BatchNorm2d", "Conv1d", "Conv2d", "CosineSimilarity", "CrossEntropyLoss", "Dropout", "Embedding", "Flatten",
    "Hardtanh", "HuberLoss", "Identity", "KLDivLoss", "L1Loss", "LayerNorm", "LeakyReLU", "Linear", "LogSigmoid",
    "LogSoftmax", "MSELoss", "MaxPool2d", "Mish", "Module", "ModuleDict", "ModuleList", "NLLLoss", "Parameter", "ReLU",
    "ReLU6", "Sequential", "SiLU", "Sigmoid", "SmoothL1Loss", "Softmax", "Softplus", "Softsign", "Tanh", "Tanhshrink",
    "Unflatten", "functional", "init", "utils",
]  # fmt: skip
