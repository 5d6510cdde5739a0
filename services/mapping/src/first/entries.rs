//! Currencies, payment methods and stores that a file lists.

use std::collections::{BTreeMap, BTreeSet};

use super::lists::quoted;
use super::{Ground, add};
use crate::survey::Currency;

/// A table for each currency that the stores sell in or that orders had.
pub(super) fn currencies(ground: &Ground<'_>) -> String {
    let mut text = String::new();
    let books = ground.books.currencies.as_deref();
    let sold = ground.shop.stores.iter().flatten().filter_map(|store| store.currency.as_ref());
    let base = books.into_iter().flatten().find(|currency| currency.is_base).map(|currency| &currency.code);
    let wanted: BTreeSet<&String> = sold.chain(base).chain(ground.seen.currencies.keys()).collect();
    let known: BTreeMap<&String, &Currency> = books.into_iter().flatten().map(|one| (&one.code, one)).collect();
    let is_code = |code: &str| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_new = |code: &str| ground.old.is_none_or(|old| !old.currencies.contains_key(code));
    for code in wanted.into_iter().filter(|code| is_code(code) && is_new(code)) {
        match (known.get(code), books) {
            (Some(currency), _) => {
                add(&mut text, format_args!("[currency.{code}]\n"));
                if let Some(decimals) = currency.decimals.filter(|decimals| *decimals != 2) {
                    add(&mut text, format_args!("decimals = {decimals}\n"));
                }
            }
            (None, None) => add(&mut text, format_args!("[currency.{code}]\n")),
            (None, Some(_)) => {
                let orders = ground.seen.currencies.get(code).copied().unwrap_or_default();
                let why = format!("a store sells in it ({orders} of the orders), and Visma does not have it yet");
                add(&mut text, format_args!("# [currency.{code}]    # {why}\n"));
            }
        }
    }
    if ground.old.is_none() && !text.lines().any(|line| line.starts_with('[')) {
        text += "[currency.XXX]    # ? which currencies do orders have\n";
    }
    text
}

/// The payment methods of orders that no pattern of the file knows, as patterns.
pub(super) fn methods(ground: &Ground<'_>) -> Vec<String> {
    let knows =
        |method: &str| ground.old.is_some_and(|old| old.payment.accept_others || old.payment.methods.is_match(method));
    ground.seen.methods.keys().filter(|method| !knows(method)).map(|method| globset::escape(method)).collect()
}

/// The stores, unless a file lists none on purpose.
pub(super) fn stores(ground: &Ground<'_>) -> String {
    let mut text = String::new();
    let lists_none = ground.old.is_some_and(|old| old.stores.is_empty());
    let is_new = |id: u64| ground.old.is_none_or(|old| old.store(id).is_none());
    for store in ground.shop.stores.iter().flatten().filter(|store| !lists_none && is_new(store.id)) {
        let (id, code, website) = (store.id, quoted(&store.code), store.website);
        add(&mut text, format_args!("[[store]]\nid = {id}\ncode = {code}\nwebsite = {website}\n\n"));
    }
    text
}
