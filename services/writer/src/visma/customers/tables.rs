//! The tables of the view, and what an entry changes in them. A hash stands as the sixteen bytes that it is.

use std::collections::BTreeSet;

use async_nats::HeaderMap;
use proto::matching::{CORPORATE, EMAIL, INACTIVE, INTERNAL, NUMBER, VAT};
use record::address::{Address, Kind};
use record::envelope::{KIND, header, text};
use record::view::Seen;
use record::view::sql::{Connection, OptionalExtension as _, Params, Result, params};

/// A mark as it stands in the tables.
pub(super) type Hashed = (&'static str, [u8; 16]);

/// `of` is the record whose outcome alone tells of a customer that was not read at Visma yet.
pub(super) const TABLES: &str = "
    CREATE TABLE customers_known (number TEXT PRIMARY KEY, inactive INTEGER NOT NULL, of TEXT) WITHOUT ROWID;
    CREATE TABLE customers_mark (
        kind TEXT NOT NULL, hash BLOB NOT NULL, number TEXT NOT NULL, PRIMARY KEY (kind, hash, number)) WITHOUT ROWID;
    CREATE INDEX customers_mark_number ON customers_mark (number);
    CREATE TABLE customers_link (key TEXT PRIMARY KEY, number TEXT NOT NULL, email BLOB) WITHOUT ROWID;
    CREATE INDEX customers_link_number ON customers_link (number);
    CREATE TABLE customers_internal (internal TEXT PRIMARY KEY, number TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX customers_internal_number ON customers_internal (number);
    CREATE TABLE customers_renumbered (was TEXT PRIMARY KEY, number TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX customers_renumbered_number ON customers_renumbered (number);
    CREATE TABLE customers_reserved (
        kind TEXT NOT NULL, hash BLOB NOT NULL, key TEXT NOT NULL, PRIMARY KEY (kind, hash)) WITHOUT ROWID;
    CREATE INDEX customers_reserved_key ON customers_reserved (key);";

/// A customer at Visma.
#[derive(Debug, Clone, Copy)]
pub(super) struct Customer<'a> {
    pub(super) number: &'a str,
    pub(super) marks: &'a [Hashed],
    pub(super) inactive: bool,
    /// Key of the record whose outcome alone tells of it.
    pub(super) of: Option<&'a str>,
}

/// Takes in a customer that was read at Visma, or what became of a command.
pub(super) fn see(tables: &Connection, entry: &Seen<'_>) -> Result<()> {
    match Address::parse(entry.subject) {
        Ok(address) if address.kind() == Kind::Change => read(tables, entry.headers),
        Ok(address) if address.kind() == Kind::Outcome => settled(tables, address.key(), entry.headers),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A customer as it was read at Visma: what it says replaces what was known.
fn read(tables: &Connection, headers: &HeaderMap) -> Result<()> {
    let Some(number) = text(headers, NUMBER) else { return Ok(()) };
    let inactive = header(headers, INACTIVE).is_some();
    put(tables, Customer { number: &number, marks: &marks_of(headers), inactive, of: None })?;
    header(headers, INTERNAL).map_or(Ok(()), |internal| identify(tables, internal, &number))
}

/// The outcome of a customer's command, by ourselves or an earlier process.
fn settled(tables: &Connection, key: &str, headers: &HeaderMap) -> Result<()> {
    release(tables, key)?;
    let marks = marks_of(headers);
    let Some(number) = text(headers, NUMBER) else {
        if header(headers, KIND) == Some("intent") && is_free(tables, key, &marks)? {
            reserve(tables, key, &marks)?;
        }
        return Ok(());
    };
    let number = renumbered(tables, &number)?.unwrap_or_else(|| number.into_owned());
    // A number that only an earlier outcome of this record told of is nobody's any longer.
    let before = linked(tables, key)?.filter(|before| *before != number);
    if let Some(before) = before
        && told_of(tables, &before)?.as_deref() == Some(key)
    {
        forget(tables, &before)?;
    }
    link(tables, key, &number, &marks)?;
    match is_known(tables, &number)? {
        true => Ok(()),
        false => put(tables, Customer { number: &number, marks: &marks, inactive: false, of: Some(key) }),
    }
}

pub(super) fn put(tables: &Connection, customer: Customer<'_>) -> Result<()> {
    let Customer { number, marks, inactive, of } = customer;
    forget(tables, number)?;
    run(tables, "INSERT INTO customers_known VALUES (?1, ?2, ?3)", params![number, inactive, of])?;
    mark(tables, number, marks.iter().copied())
}

/// Adds marks to those of a customer.
pub(super) fn mark(tables: &Connection, number: &str, marks: impl IntoIterator<Item = Hashed>) -> Result<()> {
    let insert = "INSERT OR IGNORE INTO customers_mark VALUES (?1, ?2, ?3)";
    marks.into_iter().try_for_each(|(kind, hash)| run(tables, insert, params![kind, hash, number]))
}

fn forget(tables: &Connection, number: &str) -> Result<()> {
    run(tables, "DELETE FROM customers_mark WHERE number = ?1", [number])?;
    run(tables, "DELETE FROM customers_known WHERE number = ?1", [number])
}

pub(super) fn link(tables: &Connection, key: &str, number: &str, marks: &[Hashed]) -> Result<()> {
    let email = marks.iter().find(|(name, _)| *name == EMAIL).map(|(_, hash)| *hash);
    let link = "INSERT INTO customers_link VALUES (?1, ?2, ?3) ON CONFLICT (key)
        DO UPDATE SET number = excluded.number, email = coalesce(excluded.email, email)";
    run(tables, link, params![key, number, email])
}

/// Reserves marks that are free for the customer `key`, of whom an intent stands.
fn reserve(tables: &Connection, key: &str, marks: &[Hashed]) -> Result<()> {
    let reserve = "INSERT OR REPLACE INTO customers_reserved VALUES (?1, ?2, ?3)";
    marks.iter().try_for_each(|(kind, hash)| run(tables, reserve, params![kind, hash, key]))
}

pub(super) fn release(tables: &Connection, key: &str) -> Result<()> {
    run(tables, "DELETE FROM customers_reserved WHERE key = ?1", [key])
}

/// Notes which customer a number is. One that had another number until now has this one instead: nobody stands under
/// the old one any longer.
pub(super) fn identify(tables: &Connection, internal: &str, number: &str) -> Result<()> {
    run(tables, "DELETE FROM customers_renumbered WHERE was = ?1", [number])?;
    let old = one(tables, "SELECT number FROM customers_internal WHERE internal = ?1", internal)?;
    run(tables, "INSERT OR REPLACE INTO customers_internal VALUES (?1, ?2)", params![internal, number])?;
    let Some(old) = old.filter(|old| old != number) else { return Ok(()) };
    if one(tables, "SELECT internal FROM customers_internal WHERE number = ?1", &old)?.is_some() {
        return Ok(());
    }
    forget(tables, &old)?;
    run(tables, "UPDATE customers_link SET number = ?2 WHERE number = ?1", [old.as_str(), number])?;
    run(tables, "UPDATE customers_renumbered SET number = ?2 WHERE number = ?1", [old.as_str(), number])?;
    run(tables, "INSERT OR REPLACE INTO customers_renumbered VALUES (?1, ?2)", [old.as_str(), number])
}

pub(super) fn linked(tables: &Connection, key: &str) -> Result<Option<String>> {
    one(tables, "SELECT number FROM customers_link WHERE key = ?1", key)
}

pub(super) fn renumbered(tables: &Connection, number: &str) -> Result<Option<String>> {
    one(tables, "SELECT number FROM customers_renumbered WHERE was = ?1", number)
}

pub(super) fn is_known(tables: &Connection, number: &str) -> Result<bool> {
    Ok(one(tables, "SELECT number FROM customers_known WHERE number = ?1", number)?.is_some())
}

fn told_of(tables: &Connection, number: &str) -> Result<Option<String>> {
    one(tables, "SELECT of FROM customers_known WHERE number = ?1 AND of IS NOT NULL", number)
}

/// True when nobody of whom an intent stands has any of the marks.
pub(super) fn is_free(tables: &Connection, key: &str, marks: &[Hashed]) -> Result<bool> {
    let mut holder = tables.prepare_cached("SELECT key FROM customers_reserved WHERE kind = ?1 AND hash = ?2")?;
    for (kind, hash) in marks {
        let held: Option<String> = holder.query_row(params![kind, hash], |row| row.get(0)).optional()?;
        if held.is_some_and(|holder| holder != key) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Customers that have any of the marks, each with whether it is retired.
pub(super) fn holders(tables: &Connection, marks: &[Hashed]) -> Result<BTreeSet<(String, bool)>> {
    let holders = "SELECT number, coalesce(inactive, 0) FROM customers_mark LEFT JOIN customers_known USING (number)
        WHERE kind = ?1 AND hash = ?2";
    let mut holders = tables.prepare_cached(holders)?;
    let mut all = BTreeSet::new();
    for (kind, hash) in marks {
        for one in holders.query_map(params![kind, hash], |row| Ok((row.get(0)?, row.get(1)?)))? {
            all.insert(one?);
        }
    }
    Ok(all)
}

/// Marks of a customer.
pub(super) fn marks(tables: &Connection, number: &str) -> Result<Vec<Hashed>> {
    let mut marks = tables.prepare_cached("SELECT kind, hash FROM customers_mark WHERE number = ?1")?;
    let found = marks.query_map([number], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let named = |(kind, hash): (String, [u8; 16])| Some((name(&kind)?, hash));
    found.filter_map(|one| one.map(named).transpose()).collect()
}

/// Keys of the records that are linked with a customer, with the hash of the e-mail address that the shop has.
pub(super) fn links(tables: &Connection, number: &str) -> Result<Vec<(String, Option<[u8; 16]>)>> {
    let mut links = tables.prepare_cached("SELECT key, email FROM customers_link WHERE number = ?1")?;
    links.query_map([number], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn one(tables: &Connection, ask: &str, of: &str) -> Result<Option<String>> {
    tables.prepare_cached(ask)?.query_row([of], |row| row.get(0)).optional()
}

fn run(tables: &Connection, what: &str, with: impl Params) -> Result<()> {
    let _ = tables.prepare_cached(what)?.execute(with)?;
    Ok(())
}

fn name(kind: &str) -> Option<&'static str> {
    [EMAIL, CORPORATE, VAT].into_iter().find(|name| *name == kind)
}

fn marks_of(headers: &HeaderMap) -> Vec<Hashed> {
    [EMAIL, CORPORATE, VAT].into_iter().filter_map(|name| Some((name, parse(header(headers, name)?)?))).collect()
}

/// Marks as they stand in the tables; what is no hash is none.
pub(super) fn parsed(marks: &[(&'static str, String)]) -> Vec<Hashed> {
    marks.iter().filter_map(|(name, hash)| Some((*name, parse(hash)?))).collect()
}

fn parse(hash: &str) -> Option<[u8; 16]> {
    u128::from_str_radix(hash, 16).ok().map(u128::to_be_bytes)
}
