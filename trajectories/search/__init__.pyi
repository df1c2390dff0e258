from .rounds import (
    SurfaceObjective as SurfaceObjective,
    search as search,
    search_surface as search_surface,
)
from .space import (
    Choice as Choice,
    Integer as Integer,
    LogUniform as LogUniform,
    Range as Range,
    Space as Space,
    Uniform as Uniform,
    as_space as as_space,
)
from .trials import (
    Objective as Objective,
    Report as Report,
    SearchResult as SearchResult,
    Trial as Trial,
)
