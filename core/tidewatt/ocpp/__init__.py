"""What both ends of an OCPP wire share: frames, sessions, schemas, fields of payloads and charging profiles."""
