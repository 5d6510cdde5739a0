//! The shell that every stage shares: broker, life cycle, settings, telemetry, HTTP, budget, vault.
