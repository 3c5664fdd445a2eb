"""What OCPP 2.x stations say and are asked."""
