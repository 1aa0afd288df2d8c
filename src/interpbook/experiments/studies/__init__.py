"""The studies, one module a paper: each lists its own in ``STUDIES``, and is found here."""

from importlib import import_module
from pkgutil import iter_modules

from interpbook.experiments.study import register

for _module in iter_modules(__path__):
    for _study in import_module(f"{__name__}.{_module.name}").STUDIES:
        register(_study)
