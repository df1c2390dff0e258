from . import experiments as experiments
from .data import (
    Dataset as Dataset,
)
from .data import (
    Split as Split,
)
from .history import (
    History as History,
)
from .network import (
    MultiLayerNet as MultiLayerNet,
)
from .network_search import (
    search as search,
)
from .source import (
    load as load,
)
from .trainer import (
    Trainer as Trainer,
)
from .trainer import (
    train_all as train_all,
)
