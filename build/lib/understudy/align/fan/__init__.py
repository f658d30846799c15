"""FAN: landmarks by heatmaps, in 2-D and 3-D."""
