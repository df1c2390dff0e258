from . import experiments as experiments
from .data import (
    Dataset as Dataset,
    Split as Split,
)
from .history import (
    History as History,
)
from .network import (
    MultiLayerNet as MultiLayerNet,
)
from .network_search import (
    search_network as search_network,
)
from .source import (
    load as load,
)
from .trainer import (
    Trainer as Trainer,
    train_all as train_all,
)
