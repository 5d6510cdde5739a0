//! Reads the sources: webhooks and polls of Commerce, polls of Visma; publishes changes.
