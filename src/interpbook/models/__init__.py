"""The two networks, the slot scores of the TextCNN, training, and weights as stored."""

from interpbook.models.deep_text_cnn import DeepTextCNN, DeepTextCNNConfig, as_deep_text_cnn
from interpbook.models.layout import PaddingMode, document_lengths
from interpbook.models.packing import Precision, pack, round_weights, unpack
from interpbook.models.slots import (
    SlotTable,
    best_of_filters,
    pooled_scores,
    score_words,
    slot_table,
)
from interpbook.models.text_cnn import TextCNN, TextCNNConfig, as_text_cnn
from interpbook.models.training import (
    Labels,
    Network,
    TrainingHistory,
    batches,
    bucket,
    evaluate,
    fit,
    predict,
)

__all__ = [
    "DeepTextCNN",
    "DeepTextCNNConfig",
    "Labels",
    "Network",
    "PaddingMode",
    "Precision",
    "SlotTable",
    "TextCNN",
    "TextCNNConfig",
    "TrainingHistory",
    "as_deep_text_cnn",
    "as_text_cnn",
    "batches",
    "best_of_filters",
    "bucket",
    "document_lengths",
    "evaluate",
    "fit",
    "pack",
    "pooled_scores",
    "predict",
    "round_weights",
    "score_words",
    "slot_table",
    "unpack",
]
