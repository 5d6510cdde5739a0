//! The entries of the bucket of keys, of which nobody can replace or remove one by publishing.
//!
//! The bucket keeps one message a subject and refuses another one, so the first key of a person stays. To remove is a
//! right of its own on the broker (to purge the bucket's stream), which services do not have. To replace an entry, as a
//! change of the master key does, its next value is written under a name of its own first, which readers look at when
//! the entry itself is gone: a kill at any moment leaves one of the two.

use std::collections::BTreeSet;

use async_nats::jetstream::kv;
use bytes::Bytes;

use super::VaultError;
use crate::broker::names;

/// Prefix of the name under which an entry's next value waits.
const NEXT: &str = "next.";
/// An entry may go and its next value come between two looks.
const LOOKS: usize = 3;

/// The bucket of keys.
#[derive(Debug, Clone)]
pub(super) struct Entries(kv::Store);

impl Entries {
    pub(super) fn new(bucket: kv::Store) -> Self {
        Self(bucket)
    }

    /// Returns the value that is kept under `name`.
    ///
    /// # Errors
    /// When the bucket cannot be read.
    pub(super) async fn get(&self, name: &str) -> Result<Option<Bytes>, VaultError> {
        for _ in 0..LOOKS {
            for name in [name, next(name).as_str()] {
                if let Some(value) = self.read(name).await? {
                    return Ok(Some(value));
                }
            }
        }
        Ok(None)
    }

    /// Keeps `value` under `name`, unless something is kept there. Whether it was.
    ///
    /// # Errors
    /// [`VaultError::Marked`] when the entry was deleted in a way that leaves a mark; else when the broker does not
    /// confirm it.
    pub(super) async fn create(&self, name: &str, value: &[u8]) -> Result<bool, VaultError> {
        match self.0.update(name, Bytes::copy_from_slice(value), 0).await {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == kv::UpdateErrorKind::WrongLastRevision => match self.read(name).await? {
                None if self.entry(name).await?.is_some() => Err(VaultError::Marked(name.to_owned())),
                _ => Ok(false),
            },
            Err(e) => Err(VaultError::Write(e.into())),
        }
    }

    /// Keeps `value` under `name` in place of what is kept there. Whether nobody else did so at the same time.
    ///
    /// # Errors
    /// When the broker does not confirm it. Whatever was written by then is good, and the next run goes on.
    pub(super) async fn replace(&self, name: &str, value: &[u8]) -> Result<bool, VaultError> {
        if !self.create(&next(name), value).await? {
            return Ok(false);
        }
        self.finish(name).await?;
        Ok(true)
    }

    /// Ends a replacement that was begun.
    ///
    /// # Errors
    /// When the broker does not confirm it.
    pub(super) async fn finish(&self, name: &str) -> Result<(), VaultError> {
        let Some(value) = self.read(&next(name)).await? else { return Ok(()) };
        self.purge(name).await?;
        self.create(name, &value).await?;
        self.purge(&next(name)).await?;
        Ok(())
    }

    /// Removes what is kept under `name`; nothing stays in its place. Returns how many messages were removed.
    ///
    /// # Errors
    /// When the broker does not confirm it.
    pub(super) async fn remove(&self, name: &str) -> Result<u64, VaultError> {
        Ok(self.purge(name).await? + self.purge(&next(name)).await?)
    }

    /// The names under which something is kept.
    ///
    /// # Errors
    /// When the bucket cannot be read.
    pub(super) async fn names(&self) -> Result<BTreeSet<String>, VaultError> {
        let names = names(&self.0).await.map_err(VaultError::Read)?;
        Ok(names.iter().map(|name| name.strip_prefix(NEXT).unwrap_or(name).to_owned()).collect())
    }

    async fn read(&self, name: &str) -> Result<Option<Bytes>, VaultError> {
        let entry = self.entry(name).await?;
        Ok(entry.filter(|entry| entry.operation == kv::Operation::Put).map(|entry| entry.value))
    }

    async fn entry(&self, name: &str) -> Result<Option<kv::Entry>, VaultError> {
        self.0.entry(name).await.map_err(|e| VaultError::Read(e.into()))
    }

    async fn purge(&self, name: &str) -> Result<u64, VaultError> {
        let subject = format!("{}{name}", self.0.prefix);
        let purged = self.0.stream.purge().filter(subject).await.map_err(|e| VaultError::Write(e.into()))?;
        Ok(purged.purged)
    }
}

fn next(name: &str) -> String {
    format!("{NEXT}{name}")
}
