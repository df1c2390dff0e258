"""Pictures of maps: hyperparameters, basins, races with tuned rates, clouds."""
