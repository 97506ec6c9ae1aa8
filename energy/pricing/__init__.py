"""A tariff as data: prices by the clock or by series, netting, surplus credit, peaks, fixed terms, dated taxes."""
