"""Exposure: how much drug there is, where and when, in closed form."""
