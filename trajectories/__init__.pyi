from .descent import (
    compare as compare,
    descend as descend,
)
from .maps.basins import (
    Basins as Basins,
    basins as basins,
)
from .maps.sensitivity import (
    Sensitivity as Sensitivity,
    compare_rates as compare_rates,
    sensitivity as sensitivity,
)
from .maps.tuning import (
    Tuned as Tuned,
    Tuning as Tuning,
    ensemble as ensemble,
    tune as tune,
)
from .optimizers import (
    OPTIMIZERS as OPTIMIZERS,
    SURFACE_OPTIMIZERS as SURFACE_OPTIMIZERS,
    schedules as schedules,
)
from .optimizers.adam import (
    Adam as Adam,
    AdamW as AdamW,
    Adan as Adan,
    AdEMAMix as AdEMAMix,
    AMSGrad as AMSGrad,
    NAdam as NAdam,
    RAdam as RAdam,
)
from .optimizers.adaptive import (
    ADOPT as ADOPT,
    AdaBelief as AdaBelief,
    AdaDelta as AdaDelta,
    AdaGrad as AdaGrad,
    Adamax as Adamax,
    CenteredRMSProp as CenteredRMSProp,
    RMSProp as RMSProp,
    Yogi as Yogi,
)
from .optimizers.base import (
    Optimizer as Optimizer,
)
from .optimizers.gradient import (
    ASGD as ASGD,
    SGD as SGD,
    DampenedMomentum as DampenedMomentum,
    Lion as Lion,
    Momentum as Momentum,
    Nesterov as Nesterov,
    OptimisticGD as OptimisticGD,
    Rprop as Rprop,
    SignSGD as SignSGD,
    Signum as Signum,
)
from .optimizers.second_order import (
    Backtracking as Backtracking,
    DampedNewton as DampedNewton,
    Newton as Newton,
    SurfaceOptimizer as SurfaceOptimizer,
)
from .plotting.animate import (
    animate as animate,
)
from .plotting.animation import (
    Animation as Animation,
)
from .plotting.maps.map_axes import (
    plot_map as plot_map,
    plot_rates as plot_rates,
    plot_sensitivity as plot_sensitivity,
)
from .plotting.maps.map_figures import (
    plot_basins as plot_basins,
    plot_triptych as plot_triptych,
    plot_tuning as plot_tuning,
)
from .plotting.maps.map_movies import (
    Movie as Movie,
    animate_basins as animate_basins,
    animate_ensemble as animate_ensemble,
    plot_ensemble as plot_ensemble,
    save_map as save_map,
)
from .plotting.plots import (
    plot as plot,
    plot_3d as plot_3d,
    plot_gradient as plot_gradient,
    plot_grid as plot_grid,
    plot_loss as plot_loss,
    plot_race as plot_race,
)
from .plotting.scene import (
    Scene as Scene,
)
from .plotting.theme import (
    THEMES as THEMES,
)
from .plotting.writers.deck import (
    deck as deck,
)
from .replay import (
    Recipe as Recipe,
    read_recipe as read_recipe,
    replay as replay,
)
from .search.rounds import (
    search_surface as search_surface,
)
from .search.space import (
    Space as Space,
)
from .search.trials import (
    SearchResult as SearchResult,
)
from .surfaces.analysis import (
    Analysis as Analysis,
)
from .surfaces.catalogue import (
    SURFACES as SURFACES,
    quadratic as quadratic,
)
from .surfaces.formula import (
    FormulaError as FormulaError,
)
from .surfaces.least_squares import (
    LeastSquares as LeastSquares,
    least_squares as least_squares,
)
from .surfaces.surface import (
    Surface as Surface,
)
from .trajectory import (
    Trajectory as Trajectory,
)

__version__: str
