//! Personal data is sealed in place under a key per person, from the first event on.
//!
//! The streams of record are never rewritten, so a person is erased by deleting one key: what stands in the history
//! then stays unreadable. Keys of persons are wrapped under the master key (XChaCha20-Poly1305) and kept in a bucket;
//! subjects and headers carry a keyed hash, never an e-mail address. Nobody who may publish there can replace or remove
//! a key: see `entries`.

pub(crate) mod cipher;
pub mod credentials;
mod entries;
mod json;
mod ring;
mod rotation;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::jetstream::kv;
use problem::{Code, Problem, chain};
use rand::RngCore as _;
use serde::Deserialize;
pub use zeroize::Zeroizing;

use crate::secret::Secret;
pub use cipher::CipherError;
use entries::Entries;
pub(crate) use json::is_marked;
use ring::Ring;
pub use ring::{InForce, fingerprint};
pub use rotation::Changed;

/// Bucket of the wrapped keys.
pub const BUCKET: &str = "ML_KEYS";
/// Keys of persons held in memory at most; beyond that the cache starts over.
const CACHE: usize = 20_000;

/// A key; cleared when it is dropped.
pub type Key = Zeroizing<[u8; 32]>;

/// Where the master key comes from. One of the two must be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// 32 bytes, base64 or hex. Prefer the file.
    pub master_key: Secret,
    /// A file that holds the same; wins over `master_key`.
    pub master_key_file: String,
}

/// Why something could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The bucket of keys could not be read.
    #[error("reading a key of the vault")]
    Read(#[source] async_nats::Error),
    /// The bucket of keys could not be written.
    #[error("writing a key of the vault")]
    Write(#[source] async_nats::Error),
    /// The person's key was deleted: the person was erased.
    #[error("the person's key was erased")]
    Erased,
    /// An entry was deleted in a way that leaves a mark in its place, and nothing can be kept there.
    #[error("a mark of deletion stands in the bucket {BUCKET} under {0}; remove it with `nats stream purge`")]
    Marked(String),
    /// The master key was changed, and this process has the old one.
    #[error("the master key was changed, and this process has another one")]
    OldMasterKey,
    /// The master key is being changed to the one with this fingerprint.
    #[error("a change to the master key with the fingerprint {0} has not ended")]
    UnderWay(String),
    /// A text is no sealed text, or was sealed under another key.
    #[error("opening sealed data")]
    Cipher(#[from] CipherError),
}

impl VaultError {
    /// Returns true when the broker is to blame, so that it may pass by itself.
    pub fn passes(&self) -> bool {
        match self {
            Self::Read(_) | Self::Write(_) => true,
            Self::Erased | Self::Marked(_) | Self::OldMasterKey | Self::UnderWay(_) | Self::Cipher(_) => false,
        }
    }

    /// The problem of work that cannot go on without the vault.
    pub fn unusable(&self) -> Problem {
        Problem::new(Code::VaultUnusable, chain(self), "look at the broker and the master key")
    }
}

/// Seals and opens; cheap to clone.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    ring: Ring,
    hash: Key,
    hints: Key,
    persons: Mutex<HashMap<String, Key>>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(sealed)")
    }
}

/// Reads the master key that the settings name.
///
/// # Errors
/// `VAULT_NO_MASTER_KEY` when none is set, `VAULT_BAD_MASTER_KEY` when it is not 32 bytes of base64 or hex.
pub fn master_key(settings: &Settings) -> Result<Key, Problem> {
    let text = if settings.master_key_file.is_empty() {
        settings.master_key.expose()
    } else {
        return read_master_key(std::path::Path::new(&settings.master_key_file));
    };
    if text.trim().is_empty() {
        return Err(Problem::new(
            Code::VaultNoMasterKey,
            "no master key is set, and personal data must be sealed",
            MAKE_ONE,
        ));
    }
    parse(&text)
}

/// Reads a master key from a file.
///
/// # Errors
/// `VAULT_NO_MASTER_KEY` when it cannot be read, `VAULT_BAD_MASTER_KEY` when it holds none.
pub fn read_master_key(path: &std::path::Path) -> Result<Key, Problem> {
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| {
        let sentence = format!("the master key file {} could not be read: {e}", path.display());
        Problem::new(Code::VaultNoMasterKey, sentence, MAKE_ONE)
    })?);
    parse(&text)
}

const MAKE_ONE: &str = "make one with `ml-connector master-key > master.key` and set vault.master_key_file";

fn parse(text: &str) -> Result<Key, Problem> {
    let sentence = "the master key is not 32 bytes written in base64 or hex";
    cipher::parse_key(text.trim()).ok_or_else(|| Problem::new(Code::VaultBadMasterKey, sentence, MAKE_ONE))
}

/// A new random master key, base64.
pub fn new_master_key() -> String {
    cipher::write_key(&cipher::random_key())
}

/// The token of a person whom a document with sealed strings is about: any one of them, since a document is sealed for
/// one person.
pub fn person_of(text: &str) -> Option<&str> {
    json::persons(text).into_iter().next()
}

/// Deletes the key of `person` from `bucket`, the bucket of keys. Whether there was one.
///
/// # Errors
/// When the broker does not confirm it.
pub async fn erase(bucket: &kv::Store, person: &str) -> Result<bool, VaultError> {
    Ok(Entries::new(bucket.clone()).remove(&format!("person.{person}")).await? > 0)
}

impl Vault {
    /// Opens the vault kept in `bucket`; the first opening makes the keys that all processes share.
    ///
    /// # Errors
    /// When the bucket cannot be used, or its keys were wrapped under another master key.
    pub async fn open(bucket: kv::Store, master: Key) -> Result<Self, VaultError> {
        let given = fingerprint(&master);
        let ring = Ring::new(bucket, master);
        let in_force = ring.read_in_force().await?;
        let old = in_force.filter(|in_force| in_force.fingerprint != given);
        let named = async || Ok((named_key(&ring, "hash", true).await?, named_key(&ring, "hints", true).await?));
        let (hash, hints) = named().await.map_err(|e| match e {
            VaultError::Cipher(_) if old.is_some() => VaultError::OldMasterKey,
            other => other,
        })?;
        if let Some(new) = old {
            tracing::warn!(
                since = %new.since,
                "the master key was changed and this service has the old one, which is good until `ml-connector \
                 master-key retire`: give it the new one and start it again"
            );
        }
        Ok(Self { inner: Arc::new(Inner { ring, hash, hints, persons: Mutex::default() }) })
    }

    /// A keyed hash of `text` within `purpose`, 32 hex digits: equal texts meet, and nobody can try e-mail addresses.
    pub fn keyed_hash(&self, purpose: &str, text: &str) -> String {
        self.keyed_hash_bytes(purpose, text.as_bytes())
    }

    /// As [`Vault::keyed_hash`], of bytes.
    pub fn keyed_hash_bytes(&self, purpose: &str, bytes: &[u8]) -> String {
        let mac = cipher::keyed_hash(&self.inner.hash, &[purpose.as_bytes(), &[0], bytes]);
        hex::encode(mac.split_at(16).0)
    }

    /// The person token of a normalised e-mail address: names the person's key, and stands in subjects and headers.
    pub fn person(&self, email: &str) -> String {
        self.keyed_hash("person", email)
    }

    /// The JSON text with the strings at `places`, as [`crate::content::Known::personal`] has them, sealed under the
    /// key of `person`.
    ///
    /// # Errors
    /// When the person's key cannot be had.
    pub async fn seal_text(&self, person: &str, text: String, places: &[Range<usize>]) -> Result<String, VaultError> {
        if places.is_empty() {
            return Ok(text);
        }
        let key = self.person_key(person, true).await?;
        Ok(json::seal(&text, places, person, &key)?)
    }

    /// The JSON text with every sealed string opened.
    ///
    /// # Errors
    /// [`VaultError::Erased`] when a person's key was deleted; else when a key cannot be had or does not fit.
    pub async fn open_text(&self, text: &str) -> Result<Zeroizing<String>, VaultError> {
        let mut keys = HashMap::new();
        for person in json::persons(text) {
            let key = self.person_key(person, false).await?;
            keys.insert(person, key);
        }
        Ok(json::open(text, &keys)?)
    }

    /// Seals bytes under the key of `person`.
    ///
    /// # Errors
    /// When the person's key cannot be had.
    pub async fn seal(&self, person: &str, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let key = self.person_key(person, true).await?;
        Ok(cipher::seal(&key, person.as_bytes(), plain)?)
    }

    /// Opens what [`Vault::seal`] sealed.
    ///
    /// # Errors
    /// As [`Vault::open_text`].
    pub async fn open_bytes(&self, person: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let key = self.person_key(person, false).await?;
        Ok(Zeroizing::new(cipher::open(&key, person.as_bytes(), sealed)?))
    }

    /// Seals a webhook's body as received; whose data it holds is not known yet, and the stream of hints is
    /// short-lived.
    ///
    /// # Errors
    /// Only when the cipher refuses the length.
    pub fn seal_hint(&self, body: &[u8]) -> Result<Vec<u8>, VaultError> {
        Ok(cipher::seal(&self.inner.hints, b"hint", body)?)
    }

    async fn person_key(&self, person: &str, create: bool) -> Result<Key, VaultError> {
        if let Some(key) = self.cached(person) {
            return Ok(key);
        }
        let key = named_key(&self.inner.ring, &format!("person.{person}"), create).await?;
        let mut persons = self.inner.persons.lock().unwrap_or_else(PoisonError::into_inner);
        if persons.len() >= CACHE {
            persons.clear();
        }
        persons.insert(person.to_owned(), key.clone());
        Ok(key)
    }

    fn cached(&self, person: &str) -> Option<Key> {
        self.inner.persons.lock().unwrap_or_else(PoisonError::into_inner).get(person).cloned()
    }
}

/// Reads and unwraps the key `name`, or makes it when `create` says so; the first one to be made stays.
async fn named_key(ring: &Ring, name: &str, create: bool) -> Result<Key, VaultError> {
    for _ in 0..3 {
        if let Some(wrapped) = ring.entries.get(name).await? {
            let plain = ring.open(name.as_bytes(), &wrapped).await?;
            let key: [u8; 32] = plain.as_slice().try_into().map_err(|_| CipherError)?;
            return Ok(Zeroizing::new(key));
        }
        if !create {
            return Err(VaultError::Erased);
        }
        let mut key = Zeroizing::new([0_u8; 32]);
        rand::rng().fill_bytes(key.as_mut_slice());
        let wrapped = ring.seal(name.as_bytes(), key.as_slice()).await?;
        if ring.entries.create(name, &wrapped).await? {
            return Ok(key);
        }
    }
    Err(VaultError::Erased)
}
