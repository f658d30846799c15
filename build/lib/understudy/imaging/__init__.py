"""What is done to pixels, whatever they show: resampling, pasting, depth, PNG, drawing, sheets."""
