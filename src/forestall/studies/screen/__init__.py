"""Screens: every drug and combination over doses and genotypes, with synergy and the mechanism behind it."""
