"""Emulated stations of OCPP 1.6."""
