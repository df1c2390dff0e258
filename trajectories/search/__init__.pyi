from .rounds import (
    SurfaceObjective as SurfaceObjective,
)
from .rounds import (
    search as search,
)
from .rounds import (
    search_surface as search_surface,
)
from .space import (
    Choice as Choice,
)
from .space import (
    Integer as Integer,
)
from .space import (
    LogUniform as LogUniform,
)
from .space import (
    Range as Range,
)
from .space import (
    Space as Space,
)
from .space import (
    Uniform as Uniform,
)
from .space import (
    as_space as as_space,
)
from .trials import (
    Objective as Objective,
)
from .trials import (
    Report as Report,
)
from .trials import (
    SearchResult as SearchResult,
)
from .trials import (
    Trial as Trial,
)
