//! The master keys that are in force: one, and while it is being changed the old one and the new.
//!
//! A change writes the new key sealed under the old one, and the old one under the new, beside the keys that they seal:
//! a service that was started with either finds the other when it needs it. Which of them seals what is new stands in
//! an entry that is looked at before. When every service has the new key, the bridge between them is taken away.

use std::sync::{Mutex, PoisonError};

use async_nats::jetstream::kv;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::{Duration, Instant};
use zeroize::Zeroizing;

use super::entries::Entries;
use super::{Key, VaultError, cipher};

/// Says which master key is in force; absent while there has been only one.
pub(super) const IN_FORCE: &str = "master";
/// Prefix of entries that hold a master key sealed under another, whose fingerprint follows.
pub(super) const BRIDGE: &str = "bridge.";
/// How long what was read of it is believed.
pub(super) const BELIEVED: Duration = Duration::from_secs(2);

/// Which master key is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Since when.
    pub since: Timestamp,
    /// Not everything is sealed under it yet.
    pub under_way: bool,
}

/// The keys that this process knows, the one that was given to it first.
pub(super) struct Ring {
    pub(super) entries: Entries,
    keys: Mutex<Vec<Key>>,
    believed: Mutex<Option<(Instant, Option<InForce>)>>,
}

/// Returns a text by which a key may be told apart; nothing of the key can be learned from it.
pub fn fingerprint(key: &[u8; 32]) -> String {
    hex::encode(cipher::keyed_hash(key, &[b"which master key"]).split_at(8).0)
}

impl Ring {
    pub(super) fn new(bucket: kv::Store, key: Key) -> Self {
        Self { entries: Entries::new(bucket), keys: Mutex::new(vec![key]), believed: Mutex::default() }
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn find(&self, wanted: &str) -> Option<Key> {
        self.keys().into_iter().find(|key| fingerprint(key) == wanted)
    }

    pub(super) fn add(&self, key: Key) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }

    /// Opens what one of the master keys sealed; the bridges are looked at when none of the known ones did.
    pub(super) async fn open(&self, purpose: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let try_all = || self.keys().iter().find_map(|key| cipher::open(key, purpose, sealed).ok());
        if let Some(plain) = try_all() {
            return Ok(Zeroizing::new(plain));
        }
        self.cross().await?;
        try_all().map(Zeroizing::new).ok_or(VaultError::Cipher(cipher::CipherError))
    }

    /// Seals under the master key that is in force.
    pub(super) async fn seal(&self, purpose: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = match self.in_force().await? {
            None => self.keys().into_iter().next(),
            Some(in_force) => {
                if self.find(&in_force.fingerprint).is_none() {
                    self.cross().await?;
                }
                self.find(&in_force.fingerprint)
            }
        };
        let key = key.ok_or(VaultError::OldMasterKey)?;
        Ok(cipher::seal(&key, purpose, plain)?)
    }

    /// Which key is in force, as it was known a moment ago at the longest.
    async fn in_force(&self) -> Result<Option<InForce>, VaultError> {
        let believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, in_force)) = believed.filter(|(at, _)| at.elapsed() < BELIEVED) {
            return Ok(in_force);
        }
        let in_force = self.read_in_force().await?;
        *self.believed.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), in_force.clone()));
        Ok(in_force)
    }

    /// Which key is in force.
    pub(super) async fn read_in_force(&self) -> Result<Option<InForce>, VaultError> {
        let entry = self.entries.get(IN_FORCE).await?;
        Ok(entry.map(|entry| serde_json::from_slice(&entry)).transpose().map_err(|_| cipher::CipherError)?)
    }

    /// Adds the keys that bridges lead to, from key to key.
    pub(super) async fn cross(&self) -> Result<(), VaultError> {
        let mut crossed = 0;
        while let Some(from) = self.keys().get(crossed).cloned() {
            crossed += 1;
            let name = format!("{BRIDGE}{}", fingerprint(&from));
            let Some(sealed) = self.entries.get(&name).await? else { continue };
            let plain = Zeroizing::new(cipher::open(&from, name.as_bytes(), &sealed)?);
            let key: [u8; 32] = plain.as_slice().try_into().map_err(|_| cipher::CipherError)?;
            self.add(Zeroizing::new(key));
        }
        Ok(())
    }
}
