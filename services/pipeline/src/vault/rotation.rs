//! Changing the master key, while everything runs, in steps that can each be done again.
//!
//! Bridge, then the entry that says which key is in force, then every sealed entry, and once more
//! after the time for which services believe what they have read. A kill leaves both keys good, and the next run ends
//! what was begun.

use async_nats::jetstream::kv;
use bytes::Bytes;
use jiff::Timestamp;

use super::entries::Entries;
use super::ring::{BELIEVED, BRIDGE, IN_FORCE, InForce, Ring, fingerprint};
use super::{Key, Vault, VaultError, cipher};
use crate::broker::names;

/// Counts of a change of the master key, planned or done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// Entries that are sealed under a master key.
    pub entries: usize,
    /// The ones among these that are sealed anew.
    pub resealed: usize,
}

impl Vault {
    /// Which master key is in force; `None` while there has been only one.
    ///
    /// # Errors
    /// When the bucket cannot be read.
    pub async fn in_force(&self) -> Result<Option<InForce>, VaultError> {
        self.inner.ring.read_in_force().await
    }

    /// How many entries are sealed under master keys, and how many of them not under `new`.
    ///
    /// # Errors
    /// When the buckets cannot be read.
    pub async fn plan_change(&self, also: &kv::Store, new: &Key) -> Result<Changed, VaultError> {
        let mut plan = Changed::default();
        let mut count = |name: &str, value: Option<Bytes>| {
            let Some(value) = value else { return };
            plan.entries += 1;
            plan.resealed += usize::from(cipher::open(new, name.as_bytes(), &value).is_err());
        };
        let entries = &self.inner.ring.entries;
        for name in sealed(entries).await? {
            count(&name, entries.get(&name).await?);
        }
        for name in names(also).await.map_err(VaultError::Read)? {
            count(&name, also.get(&name).await.map_err(|e| VaultError::Read(e.into()))?);
        }
        Ok(plan)
    }

    /// Seals everything under `new`: the keys of this bucket, and what `also` holds. `tell` hears of each entry.
    ///
    /// # Errors
    /// [`VaultError::UnderWay`] when a change to another key has not ended; else when an entry cannot be read, opened
    /// or written. What was done stays, and the next run goes on.
    pub async fn change_master_key(
        &self,
        also: &kv::Store,
        new: Key,
        mut tell: impl FnMut(),
    ) -> Result<Changed, VaultError> {
        let ring = &self.inner.ring;
        let wanted = fingerprint(&new);
        ring.cross().await?;
        ring.entries.finish(IN_FORCE).await?;
        let before = ring.read_in_force().await?;
        if let Some(in_force) = before.filter(|before| before.under_way && before.fingerprint != wanted) {
            return Err(VaultError::UnderWay(in_force.fingerprint));
        }
        for old in ring.keys().into_iter().filter(|old| *old != new) {
            bridge(&ring.entries, &old, &new).await?;
            bridge(&ring.entries, &new, &old).await?;
        }
        ring.add(new.clone());
        let mut in_force = InForce { fingerprint: wanted, since: Timestamp::now(), under_way: true };
        put_in_force(ring, &in_force).await?;
        let mut changed = reseal_all(ring, also, &new, &mut tell).await?;
        loop {
            // Whoever read before which key is in force may have sealed a new entry under the old one until now.
            tokio::time::sleep(BELIEVED * 2).await;
            let again = reseal_all(ring, also, &new, &mut || {}).await?;
            changed = Changed { entries: again.entries, resealed: changed.resealed + again.resealed };
            if again.resealed == 0 {
                break;
            }
        }
        in_force.under_way = false;
        put_in_force(ring, &in_force).await?;
        Ok(changed)
    }

    /// Takes the bridges away: from now on whoever has an old key has nothing. Returns how many there were.
    ///
    /// # Errors
    /// [`VaultError::UnderWay`] while a change has not ended.
    pub async fn retire_old_master_keys(&self) -> Result<usize, VaultError> {
        let ring = &self.inner.ring;
        if let Some(in_force) = ring.read_in_force().await?.filter(|in_force| in_force.under_way) {
            return Err(VaultError::UnderWay(in_force.fingerprint));
        }
        let bridges = self.bridges().await?;
        for name in &bridges {
            ring.entries.remove(name).await?;
        }
        Ok(bridges.len())
    }

    /// The entries by which a service with an old key finds the new one.
    ///
    /// # Errors
    /// When the bucket cannot be read.
    pub async fn bridges(&self) -> Result<Vec<String>, VaultError> {
        let names = self.inner.ring.entries.names().await?;
        Ok(names.into_iter().filter(|name| name.starts_with(BRIDGE)).collect())
    }
}

async fn put_in_force(ring: &Ring, in_force: &InForce) -> Result<(), VaultError> {
    let bytes = serde_json::to_vec(in_force).map_err(|e| VaultError::Write(e.into()))?;
    if ring.entries.replace(IN_FORCE, &bytes).await? {
        return Ok(());
    }
    let other = ring.read_in_force().await?.map(|other| other.fingerprint).unwrap_or_default();
    Err(VaultError::UnderWay(other))
}

/// Leaves `to` where whoever has `from` finds it.
async fn bridge(entries: &Entries, from: &Key, to: &Key) -> Result<(), VaultError> {
    let name = format!("{BRIDGE}{}", fingerprint(from));
    let sealed = cipher::seal(from, name.as_bytes(), to.as_slice())?;
    entries.finish(&name).await?;
    if !entries.create(&name, &sealed).await? {
        entries.replace(&name, &sealed).await?;
    }
    Ok(())
}

/// The entries that are sealed under a master key.
async fn sealed(entries: &Entries) -> Result<Vec<String>, VaultError> {
    let names = entries.names().await?;
    Ok(names.into_iter().filter(|name| name != IN_FORCE && !name.starts_with(BRIDGE)).collect())
}

async fn reseal_all(ring: &Ring, also: &kv::Store, new: &Key, tell: &mut impl FnMut()) -> Result<Changed, VaultError> {
    let mut changed = Changed::default();
    for name in sealed(&ring.entries).await? {
        changed.entries += 1;
        changed.resealed += usize::from(reseal(ring, &name, new).await?);
        tell();
    }
    for name in names(also).await.map_err(VaultError::Read)? {
        changed.entries += 1;
        changed.resealed += usize::from(reseal_in(ring, also, &name, new).await?);
        tell();
    }
    Ok(changed)
}

/// Seals one key under `new` unless it is. Whether it was written.
async fn reseal(ring: &Ring, name: &str, new: &Key) -> Result<bool, VaultError> {
    // A run that was killed may have left it half done.
    ring.entries.finish(name).await?;
    let Some(value) = ring.entries.get(name).await? else { return Ok(false) };
    if cipher::open(new, name.as_bytes(), &value).is_ok() {
        return Ok(false);
    }
    let plain = ring.open(name.as_bytes(), &value).await?;
    ring.entries.replace(name, &cipher::seal(new, name.as_bytes(), &plain)?).await
}

/// Seals one entry of another bucket under `new` unless it is, or was deleted. Whether it was written.
async fn reseal_in(ring: &Ring, bucket: &kv::Store, name: &str, new: &Key) -> Result<bool, VaultError> {
    loop {
        let entry = bucket.entry(name).await.map_err(|e| VaultError::Read(e.into()))?;
        let Some(entry) = entry.filter(|entry| entry.operation == kv::Operation::Put) else { return Ok(false) };
        if cipher::open(new, name.as_bytes(), &entry.value).is_ok() {
            return Ok(false);
        }
        let plain = ring.open(name.as_bytes(), &entry.value).await?;
        let sealed = cipher::seal(new, name.as_bytes(), &plain)?;
        match bucket.update(name, sealed.into(), entry.revision).await {
            Ok(_) => return Ok(true),
            Err(e) if e.kind() == kv::UpdateErrorKind::WrongLastRevision => {} // Somebody was quicker.
            Err(e) => return Err(VaultError::Write(e.into())),
        }
    }
}
