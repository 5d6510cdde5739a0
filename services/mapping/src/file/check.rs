//! Checks for contradictions in a mapping file that is well formed.
//!
//! Each contradiction would otherwise show on the first order that meets it, which may be months after the file was
//! written.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::read::{Reader, Table};
use super::rule::{Names, Read};
use super::{Store, VatCode};
use crate::rules::{LineKind, Rules, When};

/// Rules behind one that always holds are never reached.
pub(super) fn reachable<T>(reader: &mut Reader<'_>, rules: &[Read<'_, T>]) {
    let mut covered: Vec<LineKind> = Vec::new();
    for Read { table, rule } in rules {
        let kinds: Vec<LineKind> =
            LineKind::NAMES.iter().map(|(_, kind)| *kind).filter(|kind| rule.when.speaks_of(*kind)).collect();
        if kinds.iter().all(|kind| covered.contains(kind)) {
            reader.wrong(table, "when", "this rule is never reached: one above it always holds");
        } else if rule.when.is_default() {
            covered.extend(kinds);
        }
    }
}

/// Conditions name stores, websites and tax classes that the file has.
pub(super) fn names(reader: &mut Reader<'_>, table: &Table<'_>, when: &When, names: &Names<'_>) {
    let codes: Vec<&str> = names.stores.iter().map(|store| store.code.as_str()).collect();
    for code in when.store.iter().filter(|code| !codes.contains(&code.as_str())) {
        reader.unknown_word(table, "store", format!("no [[store]] has the code `{code}`"), code, &codes);
    }
    for id in when.website.iter().filter(|id| !names.stores.iter().any(|store| store.website == Some(**id))) {
        reader.wrong(table, "website", format!("no [[store]] belongs to website {id}"));
    }
    let classes: Vec<&str> = names.tax_classes.iter().map(|class| class.name.as_str()).collect();
    for class in when.tax_class.iter().filter(|class| !classes.contains(&class.as_str())) {
        reader.unknown_word(table, "tax_class", format!("no [[tax_class]] is called `{class}`"), class, &classes);
    }
}

/// Store ids and codes are unique.
pub(super) fn stores(reader: &mut Reader<'_>, stores: &[(Table<'_>, Store)]) {
    for (index, (table, store)) in stores.iter().enumerate() {
        let before = || stores.iter().take(index).map(|(_, other)| other);
        if before().any(|other| other.id == store.id) {
            reader.wrong(table, "id", format!("store {} is listed twice", store.id));
        }
        if before().any(|other| other.code == store.code) {
            reader.wrong(table, "code", format!("two stores have the code `{}`", store.code));
        }
    }
}

/// A VAT code has one rate, lines that carry no VAT get a code without any, and a rule for a rate has that rate.
pub(super) fn vat_rates(reader: &mut Reader<'_>, rules: &[Read<'_, VatCode>]) {
    let mut rates: BTreeMap<&str, Decimal> = BTreeMap::new();
    for Read { table, rule } in rules {
        let VatCode { code, rate } = &rule.value;
        if rate.is_sign_negative() || *rate > Decimal::ONE_HUNDRED {
            reader.wrong(table, "rate", format!("{rate} % is no VAT rate"));
        }
        let known = *rates.entry(code).or_insert(*rate);
        if known != *rate {
            reader.wrong(table, "rate", format!("VAT code {code} has {known} % in a rule above"));
        }
        if let Some(asked) = rule.when.tax_rate.iter().find(|asked| *asked != rate) {
            let sentence = format!("this rule is for {asked} % in the shop, but VAT code {code} computes {rate} %");
            reader.wrong(table, "rate", sentence);
        }
        let untaxed = LineKind::UNTAXED.into_iter().find(|kind| rule.when.line.contains(kind));
        if let Some(kind) = untaxed.filter(|_| !rate.is_zero()) {
            reader.wrong(table, "rate", format!("lines of the kind `{kind}` carry no VAT: their rate must be 0"));
        }
    }
}

/// Every order may need a rounding line, so there must be an account and a VAT code for it.
pub(super) fn rounding<T>(reader: &mut Reader<'_>, root: &Table<'_>, list: &str, rules: &Rules<T>) {
    if !rules.0.iter().any(|rule| rule.when.line.contains(&LineKind::Rounding)) {
        let sentence =
            format!("there is no [[{list}]] rule with when = {{ line = \"rounding\" }}, but orders need one");
        reader.wrong(root, list, sentence);
    }
}
