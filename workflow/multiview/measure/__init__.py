"""Measures: errors, intervals, calibration, views learned, soft labels and features of predictors."""
