from .descent import (
    compare as compare,
)
from .descent import (
    descend as descend,
)
from .maps.basins import (
    Basins as Basins,
)
from .maps.basins import (
    basins as basins,
)
from .maps.sensitivity import (
    Sensitivity as Sensitivity,
)
from .maps.sensitivity import (
    compare_rates as compare_rates,
)
from .maps.sensitivity import (
    sensitivity as sensitivity,
)
from .maps.tuning import (
    Trial as Trial,
)
from .maps.tuning import (
    Tuning as Tuning,
)
from .maps.tuning import (
    ensemble as ensemble,
)
from .maps.tuning import (
    tune as tune,
)
from .optimizers import (
    OPTIMIZERS as OPTIMIZERS,
)
from .optimizers import (
    SURFACE_OPTIMIZERS as SURFACE_OPTIMIZERS,
)
from .optimizers import (
    schedules as schedules,
)
from .optimizers.adam import (
    Adam as Adam,
)
from .optimizers.adam import (
    AdamW as AdamW,
)
from .optimizers.adam import (
    Adan as Adan,
)
from .optimizers.adam import (
    AdEMAMix as AdEMAMix,
)
from .optimizers.adam import (
    AMSGrad as AMSGrad,
)
from .optimizers.adam import (
    NAdam as NAdam,
)
from .optimizers.adam import (
    RAdam as RAdam,
)
from .optimizers.adaptive import (
    ADOPT as ADOPT,
)
from .optimizers.adaptive import (
    AdaBelief as AdaBelief,
)
from .optimizers.adaptive import (
    AdaDelta as AdaDelta,
)
from .optimizers.adaptive import (
    AdaGrad as AdaGrad,
)
from .optimizers.adaptive import (
    Adamax as Adamax,
)
from .optimizers.adaptive import (
    CenteredRMSProp as CenteredRMSProp,
)
from .optimizers.adaptive import (
    RMSProp as RMSProp,
)
from .optimizers.adaptive import (
    Yogi as Yogi,
)
from .optimizers.base import (
    Optimizer as Optimizer,
)
from .optimizers.gradient import (
    ASGD as ASGD,
)
from .optimizers.gradient import (
    SGD as SGD,
)
from .optimizers.gradient import (
    DampenedMomentum as DampenedMomentum,
)
from .optimizers.gradient import (
    Lion as Lion,
)
from .optimizers.gradient import (
    Momentum as Momentum,
)
from .optimizers.gradient import (
    Nesterov as Nesterov,
)
from .optimizers.gradient import (
    OptimisticGD as OptimisticGD,
)
from .optimizers.gradient import (
    Rprop as Rprop,
)
from .optimizers.gradient import (
    SignSGD as SignSGD,
)
from .optimizers.gradient import (
    Signum as Signum,
)
from .optimizers.second_order import (
    Backtracking as Backtracking,
)
from .optimizers.second_order import (
    DampedNewton as DampedNewton,
)
from .optimizers.second_order import (
    Newton as Newton,
)
from .optimizers.second_order import (
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
)
from .plotting.maps.map_axes import (
    plot_rates as plot_rates,
)
from .plotting.maps.map_axes import (
    plot_sensitivity as plot_sensitivity,
)
from .plotting.maps.map_figures import (
    plot_basins as plot_basins,
)
from .plotting.maps.map_figures import (
    plot_triptych as plot_triptych,
)
from .plotting.maps.map_figures import (
    plot_tuning as plot_tuning,
)
from .plotting.maps.map_movies import (
    Movie as Movie,
)
from .plotting.maps.map_movies import (
    animate_basins as animate_basins,
)
from .plotting.maps.map_movies import (
    animate_ensemble as animate_ensemble,
)
from .plotting.maps.map_movies import (
    plot_ensemble as plot_ensemble,
)
from .plotting.maps.map_movies import (
    save_map as save_map,
)
from .plotting.plots import (
    plot as plot,
)
from .plotting.plots import (
    plot_3d as plot_3d,
)
from .plotting.plots import (
    plot_gradient as plot_gradient,
)
from .plotting.plots import (
    plot_grid as plot_grid,
)
from .plotting.plots import (
    plot_loss as plot_loss,
)
from .plotting.plots import (
    plot_overlay as plot_overlay,
)
from .plotting.plots import (
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
)
from .replay import (
    read_recipe as read_recipe,
)
from .replay import (
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
)
from .surfaces.catalogue import (
    quadratic as quadratic,
)
from .surfaces.formula import (
    FormulaError as FormulaError,
)
from .surfaces.least_squares import (
    LeastSquares as LeastSquares,
)
from .surfaces.least_squares import (
    least_squares as least_squares,
)
from .surfaces.surface import (
    Surface as Surface,
)
from .trajectory import (
    Trajectory as Trajectory,
)

__version__: str
