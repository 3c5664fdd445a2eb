"""Emulated stations of OCPP 2.x."""
