//! Credentials of the vendors, sealed under the master key in a bucket of their own.
//!
//! One entry a vendor and connection. All of it is sealed, also who set it and when, so that an entry can be neither
//! read nor altered nor put in another's place. After a change the credentials before it are kept for a while: a vendor
//! may take time to believe new ones, and whoever is refused under them goes on with those.

use std::collections::BTreeMap;

use async_nats::jetstream::kv;
use bytes::Bytes;
use jiff::Timestamp;
use problem::Problem;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{Vault, VaultError};
use crate::broker::Broker;
use crate::broker::token::key_token;
use crate::secret::Secret;

/// Bucket of the sealed credentials.
pub const BUCKET: &str = "ML_CREDENTIALS";

/// Credentials by which a vendor knows us, under the names of the settings that they stand in for.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Fields(BTreeMap<String, Secret>);

/// One set of credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Set {
    /// The credentials.
    pub fields: Fields,
    /// The person who set them.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Contents of an entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stored {
    /// The credentials in force.
    pub current: Set,
    /// Those before them, and until when they may still be used.
    pub previous: Option<(Set, Timestamp)>,
}

/// The credentials of one connection.
#[derive(Debug, Clone)]
pub struct Credentials {
    bucket: kv::Store,
    vault: Vault,
    connection: String,
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Serialize for Fields {
    /// In clear: for what is sealed right after.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value.expose().as_str())?;
        }
        map.end()
    }
}

impl Fields {
    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// Adds one, or puts it in the place of another.
    pub fn set(&mut self, name: &str, value: Secret) {
        self.0.insert(name.to_owned(), value);
    }

    /// Returns true when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Credentials {
    /// Opens the bucket that `provision` made.
    ///
    /// # Errors
    /// `BROKER_NOT_PROVISIONED` when it is not there.
    pub async fn open(broker: &Broker, vault: &Vault, connection: &str) -> Result<Self, Problem> {
        Ok(Self { bucket: broker.bucket(BUCKET).await?, vault: vault.clone(), connection: key_token(connection) })
    }

    /// The bucket, for what must seal it anew.
    pub fn bucket(&self) -> &kv::Store {
        &self.bucket
    }

    /// The stream and the subject on which changes of the set `name` are heard.
    pub fn subject(&self, name: &str) -> (&'static str, String) {
        ("KV_ML_CREDENTIALS", format!("$KV.{BUCKET}.{}", self.key(name)))
    }

    /// Returns the credentials stored under `name`, and the revision of their entry; 0 when there is none.
    ///
    /// # Errors
    /// When the bucket cannot be read, or what it holds was sealed under another key.
    pub async fn read(&self, name: &str) -> Result<(Option<Stored>, u64), VaultError> {
        let entry = self.bucket.entry(self.key(name)).await.map_err(|e| VaultError::Read(e.into()))?;
        match entry {
            Some(entry) if entry.operation == kv::Operation::Put => {
                Ok((Some(self.unseal(name, &entry.value).await?), entry.revision))
            }
            Some(entry) => Ok((None, entry.revision)),
            None => Ok((None, 0)),
        }
    }

    /// Opens an entry as it stands in the bucket.
    ///
    /// # Errors
    /// When it was sealed under another key, or as another set.
    pub async fn unseal(&self, name: &str, sealed: &Bytes) -> Result<Stored, VaultError> {
        let plain = self.vault.inner.ring.open(self.key(name).as_bytes(), sealed).await?;
        serde_json::from_slice(&plain).map_err(|_| super::CipherError.into())
    }

    /// Writes the set `name`, if nobody else has since `revision`.
    ///
    /// # Errors
    /// When somebody has, or the broker does not confirm it.
    pub async fn write(&self, name: &str, stored: &Stored, revision: u64) -> Result<(), VaultError> {
        let plain = Zeroizing::new(serde_json::to_vec(stored).map_err(|e| VaultError::Write(e.into()))?);
        let sealed = self.vault.inner.ring.seal(self.key(name).as_bytes(), &plain).await?;
        self.bucket.update(self.key(name), sealed.into(), revision).await.map_err(|e| VaultError::Write(e.into()))?;
        Ok(())
    }

    /// Removes the set `name` from the bucket; a mark takes its place.
    ///
    /// # Errors
    /// When the broker does not confirm it.
    pub async fn remove(&self, name: &str) -> Result<(), VaultError> {
        self.bucket.delete(self.key(name)).await.map_err(|e| VaultError::Write(e.into()))
    }

    /// Returns a text by which a set may be told apart and compared with another: nobody can try secrets against it.
    pub fn fingerprint(&self, fields: &Fields) -> String {
        let text = fields.0.iter().map(|(name, value)| format!("{name}\0{}\0", value.expose().as_str()));
        let text = Zeroizing::new(text.collect::<String>());
        self.vault.keyed_hash("credentials", &text).get(..12).unwrap_or_default().to_owned()
    }

    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.connection)
    }
}
