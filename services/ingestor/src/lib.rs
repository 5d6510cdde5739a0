//! Reads the sources: webhooks and polls of Commerce, polls of Visma; publishes a change for each new version of a
//! record.
//!
//! A record that is read is compared with the last entry of its subject, so that webhook, poll, overlap and restart
//! make one change of one version. What a source *says* (a webhook) is only a hint: the record is read before it is
//! believed.

pub mod changes;
pub mod commerce;
mod records;
pub mod visma;
