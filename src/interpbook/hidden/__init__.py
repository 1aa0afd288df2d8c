"""Hidden locations of the deeper network: saliency, inversion, nearest words, reading back."""

from interpbook.hidden.closed_forms import ClosedForm, closed_form
from interpbook.hidden.fields import Fields, Locations
from interpbook.hidden.interpretations import Interpretation, LocationReading, interpret
from interpbook.hidden.inversion import Inversion, climb, invert, invert_by_neuron, xavier_inputs
from interpbook.hidden.neighbours import Layout, lay_out_plane, nearest_ids, nearest_words
from interpbook.hidden.objectives import Objective, response, similarity, squared_length
from interpbook.hidden.preservation import (
    METHODS,
    Method,
    PreservationStudy,
    interpretation_words,
    paired_lead,
    preservation_study,
)
from interpbook.hidden.saliency import channel_saliency, location_saliency, strongest_locations

__all__ = [
    "METHODS",
    "ClosedForm",
    "Fields",
    "Interpretation",
    "Inversion",
    "Layout",
    "LocationReading",
    "Locations",
    "Method",
    "Objective",
    "PreservationStudy",
    "channel_saliency",
    "climb",
    "closed_form",
    "interpret",
    "interpretation_words",
    "invert",
    "invert_by_neuron",
    "lay_out_plane",
    "location_saliency",
    "nearest_ids",
    "nearest_words",
    "paired_lead",
    "preservation_study",
    "response",
    "similarity",
    "squared_length",
    "strongest_locations",
    "xavier_inputs",
]
