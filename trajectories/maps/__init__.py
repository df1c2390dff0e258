"""Maps: many descents as one batch, over hyperparameters, starts or seeds."""
