"""What OCPP 1.6 stations say and are asked."""
